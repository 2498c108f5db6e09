/* How it works: the new disk is made whole beside the old one; then two renames, old aside and new in
 * place; then the guest is tried. Only when it works the old disk goes, else it is put back. So the
 * registration, its GUID and the disk's name stay as they are, and at every instant there is one whole
 * state. A crash between the renames leaves a registration without disk and the old one aside:
 * lima_wsl2_snapshot_recover.
 *
 * The new disk is a copy of the snapshot's; of an archive, WSL makes one under a temporary distribution.
 * Its name has two dots, which no instance's name has.
 *
 * Deliberately not here: applying while other distributions keep the VM alive. The disk cannot be replaced
 * then, and to unregister it first would be to throw the only good state away before there is another. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "os/file.h"
#include "wsl2/argv.h"
#include "wsl2/create.h"
#include "wsl2/file_copy.h"
#include "wsl2/files.h"
#include "wsl2/guest_run.h"
#include "wsl2/scripts.h"
#include "wsl2/snapshot_store.h"
#include "wsl2/vm.h"

#define NEW_DISK "wsl2.new.vhdx"
#define FORMER_DISK "wsl2.former.vhdx"
#define IMPORT_FOLDER "wsl2.apply"

static char *import_name(const lima_instance *inst)
{
    char *distro = lima_wsl2_distro_name(inst->name), *name = lima_mem_printf("%s..apply", distro);

    free(distro);
    return name;
}

static bool look_at_import(const lima_instance *inst, wsl2_look *ret, lima_err *err)
{
    char *name = import_name(inst), *real = NULL, *dir = NULL;
    bool ok = lima_file_real_path(inst->dir, &real, err);

    if (ok) {
        dir = lima_path_join(real, IMPORT_FOLDER);
        ok = lima_wsl2_look_at(name, dir, ret, err);
    }
    free(dir);
    free(real);
    free(name);
    return ok;
}

/* ---- clearing away ---- */

static bool unregister_import(const lima_instance *inst, const char *exe, lima_wake *wake, lima_err *err)
{
    wsl2_look look = {0};

    if (!look_at_import(inst, &look, err))
        return false;
    bool ours = look.registered && look.kin != WSL2_KIN_FOREIGN;
    bool ok = !ours || lima_wsl2_unregister(exe, &look, wake, err);
    if (ours && ok)
        lima_wsl2_remove_litter(&look);
    lima_wsl2_look_free(&look);
    return ok;
}

static bool remove_folder(const lima_instance *inst, lima_err *err)
{
    char *path = lima_instance_path(inst, IMPORT_FOLDER);
    bool ok = lima_dir_remove(path, err);

    free(path);
    return ok;
}

bool lima_wsl2_snapshot_clear(const lima_instance *inst, const char *exe, lima_wake *wake, lima_err *err)
{
    char *folder = lima_instance_path(inst, IMPORT_FOLDER);
    bool begun = lima_wsl2_exists(folder);

    free(folder);
    return (!begun || (unregister_import(inst, exe, wake, err) && remove_folder(inst, err)))
           && lima_wsl2_remove_file(inst, NEW_DISK, err);
}

bool lima_wsl2_snapshot_recover(const lima_instance *inst, const wsl2_detach *detach, bool *ret_done,
                                lima_err *err)
{
    char *former = lima_instance_path(inst, FORMER_DISK), *disk = lima_instance_path(inst, WSL2_DISK_FILE);
    bool there = lima_wsl2_exists(former);
    bool ok =
        !there
        || ((!detach || lima_wsl2_detach_await(detach, disk, err)) && lima_file_rename(former, disk, err));

    if (there && ok)
        lima_log_warn("instance '%s': applying a snapshot was broken off; the disk from before is back",
                      inst->name);
    free(disk);
    free(former);
    if (ok)
        *ret_done = there;
    return ok;
}

/* ---- the new disk ---- */

static bool run_import(wsl2_store *store, const wsl2_look *look, const char *archive, lima_err *err)
{
    lima_strv argv = {0};
    char *what = lima_mem_printf("distribution '%s': import the snapshot", look->distro);
    wsl2_run run = {.argv = &argv,
                    .what = what,
                    .limit_ms = WSL2_TRANSFER_MS,
                    .wake = store->wake,
                    .progress = lima_wsl2_file_size,
                    .progress_arg = look->own_disk};
    bool ok = lima_dir_make(look->dir, LIMA_FILE_PRIVATE, err)
              && lima_wsl2_argv_import(store->exe, look->distro, look->dir, archive, false, &argv, err)
              && lima_wsl2_run_quietly(&run, err);

    lima_strv_free(&argv);
    free(what);
    return ok;
}

/* The disk of the temporary distribution, once WSL has let go of it, under the name of the new disk. */
static bool import(wsl2_store *store, const char *archive, const char *target, lima_err *err)
{
    wsl2_look look = {0};
    bool ok = look_at_import(store->inst, &look, err) && run_import(store, &look, archive, err)
              && lima_wsl2_detach_await(&store->detach, look.own_disk, err)
              && lima_file_rename(look.own_disk, target, err);

    lima_wsl2_look_free(&look);
    return ok;
}

static bool make_disk(wsl2_store *store, const wsl2_snapshot *snapshot, const char *target, lima_err *err)
{
    char *name = lima_wsl2_snapshot_data_name(snapshot->tag, snapshot->kind),
         *data = lima_wsl2_store_path(store, name);
    bool ok = lima_wsl2_store_check_space(store, snapshot->size, err)
              && (snapshot->kind == WSL2_SNAPSHOT_VHDX ? lima_wsl2_file_copy(data, target, store->wake, err)
                                                       : import(store, data, target, err));

    free(data);
    free(name);
    return ok;
}

/* ---- the exchange ---- */

static bool try_guest(wsl2_store *store, lima_err *err)
{
    static const char *const args[] = {"0", "", NULL};
    wsl2_said said;
    lima_err why = {0};
    wsl2_guest_run run = {.exe = store->exe,
                          .distro = store->look.distro,
                          .action = "try the snapshot",
                          .script = lima_wsl2_script_probe(),
                          .args = args,
                          .wake = store->wake,
                          .retry = true};
    bool ok = lima_wsl2_guest_run(&run, &said, err);

    lima_wsl2_said_free(&said);
    if (!lima_wsl2_terminate(store->exe, &store->look, NULL, &why))
        lima_log_warn("%s", why.text);
    return ok;
}

static bool put_back(wsl2_store *store, const char *former, const char *disk, lima_err *err)
{
    wsl2_detach patient = store->detach;

    patient.wake = NULL;
    return lima_wsl2_detach_await(&patient, disk, err) && lima_file_rename(former, disk, err);
}

static bool exchange(wsl2_store *store, const char *new, const char *former, lima_err *err)
{
    const char *disk = store->look.registration.vhd_path;
    lima_err why = {0};

    if (!lima_wsl2_detach_await(&store->detach, disk, err) || !lima_file_rename(disk, former, err))
        return false;
    if (!lima_file_rename(new, disk, err))
        return lima_file_rename(former, disk, &why)
                   ? false
                   : lima_err_wrap(err, "%s; the disk lies at '%s'", why.text, former);
    if (try_guest(store, err))
        return lima_file_remove(former, err);
    if (put_back(store, former, disk, &why))
        return lima_err_wrap(err, "the snapshot does not boot; the state from before is back");
    return lima_err_wrap(
        err, "the snapshot does not boot, and the disk from before, '%s', could not be put back (%s)", former,
        why.text);
}

static bool apply(wsl2_store *store, const wsl2_snapshot *snapshot, lima_err *err)
{
    char *new = lima_wsl2_store_path(store, NEW_DISK), *former = lima_wsl2_store_path(store, FORMER_DISK);
    lima_err why = {0};
    bool ok = lima_wsl2_detach_await(&store->detach, store->look.registration.vhd_path, err)
              && make_disk(store, snapshot, new, err) && exchange(store, new, former, err);

    if (!lima_wsl2_snapshot_clear(store->inst, store->exe, NULL, &why))
        lima_log_warn("after applying a snapshot: %s", why.text);
    free(former);
    free(new);
    return ok;
}

bool lima_wsl2_snapshot_apply(lima_call *call, const char *tag, lima_err *err)
{
    wsl2_store store = {0};
    wsl2_snapshot snapshot = {0};
    bool ok = lima_wsl2_store_find(lima_call_instance(call), tag, &snapshot, err)
              && lima_wsl2_store_open(call, &store, err) && apply(&store, &snapshot, err);

    lima_wsl2_snapshot_free(&snapshot);
    lima_wsl2_store_close(&store);
    return ok;
}
