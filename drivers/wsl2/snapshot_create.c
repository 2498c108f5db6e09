/* How it works: WSL itself copies the disk (--export --format vhd): it lets nobody start the distribution
 * or write to the file meanwhile. That needs the disk free of the VM. While other distributions keep the
 * VM alive, the tree is exported as an archive instead, by the VM. Both go to a temporary name; the
 * snapshot exists when its JSON file does. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "wsl2/argv.h"
#include "wsl2/files.h"
#include "wsl2/snapshot_store.h"
#include "wsl2/wsl_exe.h"

/* WSL wants the disk's own ending. An older snapshot's file is no part of this one's name. */
#define TEMPORARY_VHDX "wsl2.export.vhdx"
#define TEMPORARY_TAR "wsl2.export.tar"

/* --format came with 2.4.4 or so; before it there is only --vhd, and before 1.0 nothing but archives. */
static bool knows_format(void)
{
    static const wsl2_version since = {{2, 4, 4, 0}};
    wsl2_version version;

    return lima_wsl2_exe_version(&version) && lima_wsl2_version_cmp(version, since) >= 0;
}

static bool export_to(const wsl2_store *store, char *path, wsl2_format format, lima_err *err)
{
    lima_strv argv = {0};
    char *what = lima_mem_printf("distribution '%s': export", store->look.distro);
    wsl2_run run = {.argv = &argv,
                    .what = what,
                    .limit_ms = WSL2_TRANSFER_MS,
                    .wake = store->wake,
                    .progress = lima_wsl2_file_size,
                    .progress_arg = path};
    bool ok = lima_wsl2_argv_export(store->exe, store->look.distro, path, format, knows_format(), &argv, err)
              && lima_wsl2_run_quietly(&run, err);

    lima_strv_free(&argv);
    free(what);
    if (!ok)
        lima_file_remove(path, NULL);
    return ok;
}

static bool export_as(const wsl2_store *store, const char *tag, wsl2_snapshot_kind kind, lima_err *err)
{
    bool disk = kind == WSL2_SNAPSHOT_VHDX;
    char *path = lima_wsl2_store_path(store, disk ? TEMPORARY_VHDX : TEMPORARY_TAR),
         *name = lima_wsl2_snapshot_data_name(tag, kind), *target = lima_wsl2_store_path(store, name);
    bool ok = export_to(store, path, disk ? WSL2_FORMAT_VHD : WSL2_FORMAT_TAR, err)
              && lima_file_rename(path, target, err);

    free(target);
    free(name);
    free(path);
    return ok;
}

static bool take_data(const wsl2_store *store, const char *tag, wsl2_snapshot_kind *ret, lima_err *err)
{
    lima_err why = {0};

    if (lima_wsl2_detach_await(&store->detach, store->look.registration.vhd_path, &why)
        && export_as(store, tag, WSL2_SNAPSHOT_VHDX, &why)) {
        *ret = WSL2_SNAPSHOT_VHDX;
        return true;
    }
    if (why.code == LIMA_CODE_CANCELLED || why.code == LIMA_CODE_RESOURCE_EXHAUSTED)
        return lima_err_set(err, why.code, "%s", why.text);
    lima_log_info("instance '%s': an archive instead of a copy of the disk: %s", store->inst->name, why.text);
    *ret = WSL2_SNAPSHOT_TAR;
    return export_as(store, tag, WSL2_SNAPSHOT_TAR, err);
}

static bool write_json(const wsl2_store *store, const char *tag, wsl2_snapshot_kind kind, lima_err *err)
{
    lima_file_info info = {0};
    char *data = lima_wsl2_snapshot_data_name(tag, kind), *data_path = lima_wsl2_store_path(store, data),
         *name = lima_wsl2_snapshot_json_name(tag), *path = lima_wsl2_store_path(store, name);
    bool ok = lima_file_stat(data_path, false, &info, err);

    if (ok) {
        wsl2_snapshot snapshot = {
            .tag = lima_mem_strdup(tag), .kind = kind, .size = info.size, .created = info.mtime_ms / 1000};
        memcpy(snapshot.guid, store->look.registration.guid, sizeof snapshot.guid);
        char *text = lima_wsl2_snapshot_print(&snapshot);
        ok = lima_file_write(path, text, strlen(text), LIMA_FILE_PRIVATE, err);
        free(text);
        lima_wsl2_snapshot_free(&snapshot);
    }
    free(path);
    free(name);
    free(data_path);
    free(data);
    return ok;
}

static bool check_new(const lima_instance *inst, const char *tag, lima_err *err)
{
    lima_file_info info = {0};
    char *name = lima_wsl2_snapshot_json_name(tag), *path = lima_instance_path(inst, name);
    bool ok =
        lima_file_stat(path, false, &info, err)
        && (info.kind == LIMA_FILE_NONE
            || lima_err_set(err, LIMA_CODE_ALREADY_EXISTS,
                            "there is one already; delete it first: limactl snapshot delete %s --tag %s",
                            inst->name, tag));

    free(path);
    free(name);
    return ok;
}

bool lima_wsl2_snapshot_create(lima_call *call, const char *tag, lima_err *err)
{
    wsl2_store store = {0};
    wsl2_snapshot_kind kind = WSL2_SNAPSHOT_VHDX;
    bool ok =
        check_new(lima_call_instance(call), tag, err) && lima_wsl2_store_open(call, &store, err)
        && lima_wsl2_store_check_space(&store, lima_wsl2_file_size(store.look.registration.vhd_path), err)
        && take_data(&store, tag, &kind, err) && write_json(&store, tag, kind, err);

    lima_wsl2_store_close(&store);
    return ok;
}
