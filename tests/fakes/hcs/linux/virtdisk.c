/* win/virtdisk.h by the double's back end. Each call opens the disk as the real one does, so that it is
 * refused alike. */
#include "win/virtdisk.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "calls.h"
#include "win/hresult.h"

enum {
    NO_PARENTS = 1,
    VHDX = 3,
    FIXED = 2,
    DYNAMIC = 3,
    CHILD = 4,
    SET_PARENT_WITH_DEPTH = 3,
    SET_PARENT_LOCATOR = 7,
    INFO_SIZE = 1
};

typedef struct waiting {
    lima_deadline deadline;
    lima_wake *wake;
} waiting;

static call *about(const char *name, const char *path, bool writable, unsigned depth, unsigned flags)
{
    call *one = call_new(CALL_VIRTDISK, name);
    call_text(one, "path", path);
    call_number(one, "writable", writable);
    call_number(one, "depth", depth);
    call_number(one, "flags", flags);
    return one;
}

/* To its end, whatever that is: *ret is the caller's to free. False: it goes on. */
static bool ended(call *one, waiting wait, const char *path, lima_err *err)
{
    return call_run(one, false, wait.deadline, wait.wake, err)
           || lima_err_wrap(err, "virtual disk '%s'", path);
}

static bool run(call *one, waiting wait, const char *path, lima_err *err)
{
    if (!ended(one, wait, path, err))
        return false;
    uint32_t code = call_code(one);
    call_free(one);
    return code == 0 || lima_hresult_fail(err, code, NULL, "virtual disk '%s'", path);
}

static bool open_disk(const char *path, bool writable, unsigned depth, unsigned flags, waiting wait,
                      lima_err *err)
{
    call *one = about("OpenVirtualDisk", path, writable, depth, flags);
    call_number(one, "device", VHDX);
    return run(one, wait, path, err);
}

static void copy_guid(char into[LIMA_GUID_SIZE], const char *text)
{
    snprintf(into, LIMA_GUID_SIZE, "%s", text ? text : "");
}

static void read_info(const call *one, lima_virtdisk *ret)
{
    uint64_t subtype = call_field_number(one, "subtype");
    ret->kind = subtype == FIXED     ? LIMA_VIRTDISK_FIXED
                : subtype == DYNAMIC ? LIMA_VIRTDISK_DYNAMIC
                : subtype == CHILD   ? LIMA_VIRTDISK_CHILD
                                     : LIMA_VIRTDISK_OTHER;
    ret->virtual_size = call_field_number(one, "virtual");
    ret->physical_size = call_field_number(one, "physical");
    ret->block_size = (uint32_t)call_field_number(one, "block");
    ret->sector_size = (uint32_t)call_field_number(one, "sector");
    copy_guid(ret->id, call_field(one, "identifier"));
    copy_guid(ret->parent_id, call_field(one, "parent_identifier"));
    if (call_field(one, "parent"))
        lima_strv_add(&ret->parents, call_field(one, "parent"));
}

bool lima_virtdisk_get(const char *path, lima_deadline deadline, lima_wake *wake, lima_virtdisk *ret,
                       lima_err *err)
{
    waiting wait = {deadline, wake};
    lima_err broken = {0};
    if (!open_disk(path, false, 0, NO_PARENTS, wait, err))
        return false;
    call *one = about("GetVirtualDiskInformation", path, false, 0, 0);
    call_number(one, "version", INFO_SIZE);
    call_number(one, "no_parents", 1);
    if (!ended(one, wait, path, err))
        return false;
    uint32_t code = call_code(one);
    lima_virtdisk found = {0};
    if (code == 0)
        read_info(one, &found);
    call_free(one);
    if (code)
        return lima_hresult_fail(err, code, NULL, "virtual disk '%s'", path);
    found.whole = open_disk(path, false, 0, 0, wait, &broken);
    *ret = found;
    return true;
}

void lima_virtdisk_free(lima_virtdisk *disk)
{
    if (!disk)
        return;
    lima_strv_free(&disk->parents);
    *disk = (lima_virtdisk){0};
}

bool lima_virtdisk_create_child(const char *path, const char *parent, lima_deadline deadline, lima_wake *wake,
                                lima_err *err)
{
    call *one = about("CreateVirtualDisk", path, true, 1, 0);
    call_number(one, "device", VHDX);
    call_number(one, "size", 0);
    call_number(one, "block", 0);
    call_number(one, "sector", 0);
    call_number(one, "physical", 0);
    call_text(one, "parent", parent);
    return run(one, (waiting){deadline, wake}, path, err);
}

bool lima_virtdisk_merge(const char *path, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    waiting wait = {deadline, wake};
    if (!open_disk(path, true, 2, 0, wait, err))
        return false;
    call *one = about("MergeVirtualDisk", path, true, 2, 0);
    call_number(one, "from", 1);
    call_number(one, "to", 2);
    return run(one, wait, path, err);
}

static bool tell_parent(const char *path, const char *parent, unsigned version, waiting wait, lima_err *err)
{
    if (!open_disk(path, true, 1, NO_PARENTS, wait, err))
        return false;
    call *one = about("SetVirtualDiskInformation", path, true, 1, 0);
    call_number(one, "no_parents", 1);
    call_number(one, "version", version);
    call_number(one, "child_depth", 1);
    call_text(one, "parent", parent);
    return run(one, wait, path, err);
}

bool lima_virtdisk_set_parent(const char *path, const char *parent, lima_deadline deadline, lima_wake *wake,
                              lima_err *err)
{
    return tell_parent(path, parent, SET_PARENT_WITH_DEPTH, (waiting){deadline, wake}, err);
}

bool lima_virtdisk_adopt(const char *path, const char *parent, lima_deadline deadline, lima_wake *wake,
                         lima_err *err)
{
    return tell_parent(path, parent, SET_PARENT_LOCATOR, (waiting){deadline, wake}, err);
}

bool lima_virtdisk_resize(const char *path, uint64_t bytes, lima_deadline deadline, lima_wake *wake,
                          lima_err *err)
{
    waiting wait = {deadline, wake};
    if (!open_disk(path, true, 1, 0, wait, err))
        return false;
    call *one = about("ResizeVirtualDisk", path, true, 1, 0);
    call_number(one, "size", bytes);
    return run(one, wait, path, err);
}
