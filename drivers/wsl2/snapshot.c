/* How it works: a snapshot is a data file and a small JSON file that is written last and removed first, so
 * what has a JSON file is whole. */
#include "wsl2/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "wsl2/create.h"
#include "wsl2/files.h"
#include "wsl2/inspect.h"
#include "wsl2/snapshot_store.h"
#include "wsl2/wsl_exe.h"

enum { NAMES_MAX = 16384 };

/* ---- the store ---- */

static bool check_at_rest(wsl2_store *store, lima_err *err)
{
    bool runs = false;

    if (!lima_wsl2_look_check(&store->look, err))
        return false;
    if (store->look.kin != WSL2_KIN_OURS)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "it has no distribution yet; start it once: limactl start %s", store->inst->name);
    if (!lima_wsl2_runs(store->exe, &store->look, WSL2_LIST_MS, store->wake, &runs, err))
        return false;
    return !runs
           || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                           "it runs; WSL can only copy the disk of a stopped distribution. Stop it first: "
                           "limactl stop %s",
                           store->inst->name);
}

static void remove_named(const lima_instance *inst, const char *name)
{
    lima_err err = {0};

    if (!lima_wsl2_remove_file(inst, name, &err))
        lima_log_warn("leftover of a snapshot: %s", err.text);
}

static bool clear_leftovers(const wsl2_store *store, lima_err *err)
{
    lima_strv names = {0}, json = {0}, leftovers = {0};
    bool ok = lima_dir_list(store->look.dir, NAMES_MAX, &names, err);

    if (ok)
        lima_wsl2_snapshot_files(&names, &json, &leftovers);
    for (size_t i = 0; i < leftovers.len; i++)
        remove_named(store->inst, leftovers.items[i]);
    lima_strv_free(&leftovers);
    lima_strv_free(&json);
    lima_strv_free(&names);
    return ok && lima_wsl2_snapshot_clear(store->inst, store->exe, store->wake, err);
}

bool lima_wsl2_store_open(lima_call *call, wsl2_store *ret, lima_err *err)
{
    *ret = (wsl2_store){.inst = lima_call_instance(call), .wake = lima_call_wake(call)};
    if (!lima_wsl2_exe_find(&ret->exe, err) || !lima_wsl2_lock(ret->inst, &ret->lock, err)
        || !lima_wsl2_look(ret->inst, &ret->look, err))
        return false;
    ret->detach = (wsl2_detach){.exe = ret->exe, .known = &ret->look.names, .wake = ret->wake};
    bool recovered = false;
    return check_at_rest(ret, err) && lima_wsl2_snapshot_recover(ret->inst, &ret->detach, &recovered, err)
           && clear_leftovers(ret, err);
}

void lima_wsl2_store_close(wsl2_store *store)
{
    lima_wsl2_look_free(&store->look);
    lima_file_lock_release(store->lock);
    free(store->exe);
    *store = (wsl2_store){0};
}

char *lima_wsl2_store_path(const wsl2_store *store, const char *name)
{
    return lima_instance_path(store->inst, name);
}

bool lima_wsl2_store_check_space(const wsl2_store *store, uint64_t bytes, lima_err *err)
{
    uint64_t room = UINT64_MAX;

    return !lima_file_free_space(store->look.dir, &room, NULL) || room >= bytes
           || lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED,
                           "'%s': %llu MiB are needed and %llu MiB are free; make room", store->look.dir,
                           (unsigned long long)(bytes >> 20) + 1, (unsigned long long)(room >> 20));
}

/* ---- one snapshot ---- */

static bool read_one(const lima_instance *inst, const char *name, wsl2_snapshot *ret, lima_err *err)
{
    lima_buf text = LIMA_BUF(WSL2_SNAPSHOT_JSON_MAX);
    char *path = lima_instance_path(inst, name);
    bool ok = lima_file_read(path, &text, err)
              && lima_wsl2_snapshot_parse(lima_buf_str(&text), text.len, name, ret, err);

    free(path);
    lima_buf_free(&text);
    return ok;
}

static bool check_data(const lima_instance *inst, const wsl2_snapshot *snapshot, lima_err *err)
{
    lima_file_info info = {0};
    char *name = lima_wsl2_snapshot_data_name(snapshot->tag, snapshot->kind),
         *path = lima_instance_path(inst, name);
    bool ok =
        lima_file_stat(path, true, &info, err)
        && ((info.kind == LIMA_FILE_REGULAR && info.size == snapshot->size)
            || lima_err_set(err, LIMA_CODE_DATA_LOSS,
                            "'%s' is missing or damaged; the snapshot cannot be used, delete it", path));

    free(path);
    free(name);
    return ok;
}

bool lima_wsl2_store_find(const lima_instance *inst, const char *tag, wsl2_snapshot *ret, lima_err *err)
{
    wsl2_snapshot found = {0};
    char *name = lima_wsl2_snapshot_json_name(tag);
    bool ok = read_one(inst, name, &found, err);

    free(name);
    if (!ok) {
        if (err && err->code == LIMA_CODE_NOT_FOUND)
            lima_err_set(err, LIMA_CODE_NOT_FOUND, "there is no such snapshot; see limactl snapshot list %s",
                         inst->name);
        return false;
    }
    if (!check_data(inst, &found, err)) {
        lima_wsl2_snapshot_free(&found);
        return false;
    }
    *ret = found;
    return true;
}

/* ---- list and remove ---- */

static void add_one(const lima_instance *inst, const char *name, lima_snapshot_list *list)
{
    wsl2_snapshot one = {0};
    lima_err err = {0};

    if (!read_one(inst, name, &one, &err)) {
        lima_log_warn("instance '%s': snapshot: %s", inst->name, err.text);
        return;
    }
    char no_id[] = "";
    lima_snapshot_list_add(list, &(lima_snapshot){.id = no_id, .tag = one.tag, .created = one.created});
    lima_wsl2_snapshot_free(&one);
}

static bool list_all(lima_call *call, lima_snapshot_list *ret, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);
    lima_strv names = {0}, json = {0}, leftovers = {0};
    lima_snapshot_list list = {0};

    if (!lima_dir_list(inst->dir, NAMES_MAX, &names, err))
        return false;
    lima_wsl2_snapshot_files(&names, &json, &leftovers);
    for (size_t i = 0; i < json.len; i++)
        add_one(inst, json.items[i], &list);
    lima_wsl2_snapshot_sort(&list);
    lima_strv_free(&leftovers);
    lima_strv_free(&json);
    lima_strv_free(&names);
    *ret = list;
    return true;
}

static bool remove_one(lima_call *call, const char *tag, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);
    lima_file_info info = {0};
    char *name = lima_wsl2_snapshot_json_name(tag), *path = lima_instance_path(inst, name);
    bool ok = lima_file_stat(path, false, &info, err)
              && (info.kind != LIMA_FILE_NONE
                  || lima_err_set(err, LIMA_CODE_NOT_FOUND,
                                  "there is no such snapshot; see limactl snapshot list %s", inst->name))
              && lima_file_remove(path, err);

    free(path);
    free(name);
    for (wsl2_snapshot_kind kind = WSL2_SNAPSHOT_VHDX; ok && kind <= WSL2_SNAPSHOT_TAR; kind++) {
        char *data = lima_wsl2_snapshot_data_name(tag, kind);
        remove_named(inst, data);
        free(data);
    }
    return ok;
}

const lima_driver_snapshots lima_wsl2_snapshots = {
    .create = lima_wsl2_snapshot_create,
    .apply = lima_wsl2_snapshot_apply,
    .remove = remove_one,
    .list = list_all,
};
