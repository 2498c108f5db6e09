/* Each call has a thread of its own (job.h): virtdisk waits without a limit, a merge for minutes. */
#include "virtdisk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "hresult.h"
#include "job.h"
#include "virtdisk_api.h"
#include "virtdisk_info.h"
#include "wide.h"

typedef struct vhd_call vhd_call;
typedef DWORD vhd_begin(vhd_call *call);

struct vhd_call {
    const vhd_api *api;
    vhd_begin *begin;
    char *object; /* "virtual disk '…': merge" */
    wchar_t *path, *parent;
    uint64_t bytes;
    lima_virtdisk found; /* what `begin` has learnt */
    DWORD result;
};

/* ---- on the call's thread ---- */

static DWORD begin_get(vhd_call *call)
{
    return lima_win_vhd_read(call->api, call->path, &call->found);
}

static DWORD begin_create_child(vhd_call *call)
{
    vhd_create how = {.version = 2, .v2.parent_path = call->parent, .v2.parent_type = lima_win_vhd_type};
    HANDLE disk = NULL;
    DWORD failed = call->api->CreateVirtualDisk(&lima_win_vhd_type, call->path, VHD_ACCESS_NONE, NULL, 0, 0,
                                                &how, NULL, &disk);

    if (!failed)
        CloseHandle(disk);
    return failed;
}

static DWORD begin_merge(vhd_call *call)
{
    static const vhd_open both = {.version = 1, .v1.depth = 2};
    static const vhd_merge how = {.version = 1, .depth = 1};
    HANDLE disk = NULL;
    DWORD failed = lima_win_vhd_open(call->api, call->path, &both, 0, &disk);

    if (failed)
        return failed;
    failed = call->api->MergeVirtualDisk(disk, 0, &how, NULL);
    CloseHandle(disk);
    return failed;
}

static DWORD tell_parent(vhd_call *call, const vhd_set *what)
{
    static const vhd_open how = {.version = 2};
    HANDLE disk = NULL;
    DWORD failed = lima_win_vhd_open(call->api, call->path, &how, VHD_OPEN_NO_PARENTS, &disk);

    if (failed)
        return failed;
    failed = call->api->SetVirtualDiskInformation(disk, what);
    CloseHandle(disk);
    return failed;
}

static DWORD begin_set_parent(vhd_call *call)
{
    vhd_set what = {.version = VHD_SET_PARENT_PATH_WITH_DEPTH, .parent = {1, call->parent}};

    return tell_parent(call, &what);
}

static DWORD begin_adopt(vhd_call *call)
{
    vhd_set what = {.version = VHD_SET_PARENT_LOCATOR, .locator = {.path = call->parent}};
    uint8_t linkage[LIMA_GUID_BYTES];
    DWORD failed = lima_win_vhd_read(call->api, call->parent, &call->found);

    if (failed)
        return failed;
    if (!lima_guid_to_bytes(call->found.id, linkage))
        return ERROR_NOT_SUPPORTED;
    memcpy(&what.locator.linkage, linkage, sizeof linkage);
    return tell_parent(call, &what);
}

/* Windows would shrink a disk whose end it takes for unused: that is not asked for. */
static DWORD begin_resize(vhd_call *call)
{
    vhd_resize how = {.version = 1, .bytes = call->bytes};
    static const vhd_open alone = {.version = 1, .v1.depth = 1};
    HANDLE disk = NULL;
    DWORD failed = lima_win_vhd_open(call->api, call->path, &alone, 0, &disk);

    if (failed)
        return failed;
    failed = lima_win_vhd_size(call->api, disk, &call->found);
    if (!failed && call->found.virtual_size < call->bytes)
        failed = call->api->ResizeVirtualDisk(disk, 0, &how, NULL);
    CloseHandle(disk);
    return failed;
}

static void run(void *arg)
{
    vhd_call *call = arg;

    call->result = call->begin(call);
}

static void dispose(void *arg)
{
    vhd_call *call = arg;

    lima_virtdisk_free(&call->found);
    free(call->object);
    free(call->path);
    free(call->parent);
    free(call);
}

/* ---- the caller's side ---- */

void lima_virtdisk_free(lima_virtdisk *disk)
{
    if (!disk)
        return;
    lima_strv_free(&disk->parents);
    *disk = (lima_virtdisk){0};
}

/* `parent` may be NULL. */
static vhd_call *new_call(const char *what, vhd_begin *begin, const char *path, const char *parent,
                          lima_err *err)
{
    vhd_call *call = lima_mem_zalloc(1, sizeof *call);

    call->begin = begin;
    call->object = lima_mem_printf("virtual disk '%s': %s", path, what);
    if (lima_wide_path_plain(path, &call->path, err)
        && (!parent || lima_wide_path_plain(parent, &call->parent, err))) {
        call->api = lima_win_vhd(err);
        if (call->api)
            return call;
    }
    lima_err_wrap(err, "%s", call->object);
    dispose(call);
    return NULL;
}

/* True: it has run and succeeded, and is still there. Else it is gone. NULL: *err is set already. */
static bool run_call(vhd_call *call, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    static const lima_win_work work = {run, dispose};

    if (!call)
        return false;
    char *object = lima_mem_strdup(call->object);
    bool ok = lima_win_job(&work, call, deadline, wake, err) || lima_err_wrap(err, "%s", object);
    if (ok && call->result) {
        ok = lima_hresult_fail(err, call->result, NULL, "%s", object);
        dispose(call);
    }
    free(object);
    return ok;
}

static bool run_and_end(vhd_call *call, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    bool ok = run_call(call, deadline, wake, err);

    if (ok)
        dispose(call);
    return ok;
}

bool lima_virtdisk_get(const char *path, lima_deadline deadline, lima_wake *wake, lima_virtdisk *ret,
                       lima_err *err)
{
    vhd_call *call = new_call("look at it", begin_get, path, NULL, err);

    if (!run_call(call, deadline, wake, err))
        return false;
    *ret = call->found;
    call->found = (lima_virtdisk){0};
    dispose(call);
    return true;
}

bool lima_virtdisk_create_child(const char *path, const char *parent, lima_deadline deadline, lima_wake *wake,
                                lima_err *err)
{
    return run_and_end(new_call("make it upon its parent", begin_create_child, path, parent, err), deadline,
                       wake, err);
}

bool lima_virtdisk_merge(const char *path, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return run_and_end(new_call("merge it into its parent", begin_merge, path, NULL, err), deadline, wake,
                       err);
}

bool lima_virtdisk_set_parent(const char *path, const char *parent, lima_deadline deadline, lima_wake *wake,
                              lima_err *err)
{
    return run_and_end(new_call("change its parent", begin_set_parent, path, parent, err), deadline, wake,
                       err);
}

bool lima_virtdisk_adopt(const char *path, const char *parent, lima_deadline deadline, lima_wake *wake,
                         lima_err *err)
{
    return run_and_end(new_call("adopt its merged parent", begin_adopt, path, parent, err), deadline, wake,
                       err);
}

bool lima_virtdisk_resize(const char *path, uint64_t bytes, lima_deadline deadline, lima_wake *wake,
                          lima_err *err)
{
    vhd_call *call = new_call("resize it", begin_resize, path, NULL, err);

    if (call)
        call->bytes = bytes;
    if (!run_call(call, deadline, wake, err))
        return false;
    uint64_t size = call->found.virtual_size;
    dispose(call);
    return size <= bytes
           || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                           "virtual disk '%s': it has %" PRIu64 " bytes and cannot shrink to %" PRIu64, path,
                           size, bytes);
}
