/* How it works: all that can be known of the files is looked at before a VM is made of them, since Windows
 * says of a file that it does not attach only that it does not. */
#include "hyperv/disks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "hyperv/disk_files.h"
#include "hyperv/snapshot_steps.h"
#include "win/file_traits.h"
#include "win/hcs.h"

enum { GRANT_MS = 30 * 1000 };

/* ---- what Windows attaches to no VM ---- */

typedef struct obstacle {
    bool is;
    const char *text; /* begins behind the path; at most one %s: the path again */
} obstacle;

bool lima_hyperv_disks_check(const char *path, lima_err *err)
{
    lima_file_traits has;

    if (!lima_file_traits_get(path, &has, err))
        return false;
    const obstacle obstacles[] = {
        {has.remote,
         "is on another computer, where VMs have no rights; move LIMA_HOME to a disk of this one"},
        {lima_str_has_prefix(has.file_system, "FAT"),
         "is on a FAT file system, which knows neither rights nor files of 4 GiB; move LIMA_HOME to NTFS"},
        {has.encrypted, "is encrypted by Windows (EFS), which no VM can read: cipher /d \"%s\""},
        {has.compressed, "is compressed by NTFS, which VMs cannot use: compact /u \"%s\""},
        {has.sparse, "is a sparse file, which VMs cannot use: fsutil sparse setflag \"%s\" 0"},
        {has.read_only, "is read-only: attrib -r \"%s\""},
    };
    for (size_t i = 0; i < sizeof obstacles / sizeof obstacles[0]; i++)
        if (obstacles[i].is) {
            char *why = lima_mem_printf(obstacles[i].text, path);
            lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "'%s' %s", path, why);
            free(why);
            return false;
        }
    return true;
}

static bool check_all(const lima_strv *files, lima_err *err)
{
    for (size_t i = 0; i < files->len; i++)
        if (!lima_hyperv_disks_check(files->items[i], err))
            return false;
    return true;
}

/* ---- the main disk ---- */

static bool resize(const char *path, const lima_virtdisk *disk, uint64_t size, lima_wake *wake, lima_err *err)
{
    if (disk->attached)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "disk '%s': it is attached to this computer; eject it in Explorer", path);
    if (!size || disk->virtual_size == size)
        return true;
    if (disk->virtual_size > size)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "disk '%s': %" PRIu64 " MiB are configured, but it has %" PRIu64
                            " MiB, and disks are not shrunk; set its size to that or more",
                            path, size >> 20, (disk->virtual_size + (1 << 20) - 1) >> 20);
    lima_log_info("disk '%s': growing from %" PRIu64 " to %" PRIu64 " MiB", path, disk->virtual_size >> 20,
                  size >> 20);
    return lima_virtdisk_resize(path, size, lima_clock_in(HYPERV_DISK_MS), wake, err);
}

bool lima_hyperv_disk_grow(const char *path, uint64_t size, lima_wake *wake, lima_err *err)
{
    lima_virtdisk disk = {0};

    if (!lima_hyperv_disk_check_whole(path, wake, &disk, err))
        return false;
    bool ok = resize(path, &disk, lima_hyperv_disk_size(size), wake, err);
    lima_virtdisk_free(&disk);
    return ok;
}

/* ---- before a start ---- */

static char *path_if_there(const lima_instance *inst, const char *name)
{
    char *path = lima_instance_path(inst, name);

    if (lima_hyperv_is_there(path))
        return path;
    free(path);
    return NULL;
}

static void add_if(lima_strv *list, const char *path)
{
    if (path)
        lima_strv_add(list, path);
}

static bool find_own(const lima_instance *inst, hyperv_disks *into, lima_err *err)
{
    into->disk = path_if_there(inst, HYPERV_DISK_FILE);
    into->iso = path_if_there(inst, "iso");
    into->cidata = path_if_there(inst, "cidata.iso");
    return !into->disk || lima_hyperv_snapshots_chain(inst, &into->granted, err);
}

static bool prepare(const lima_instance *inst, lima_wake *wake, hyperv_disks *into, lima_err *err)
{
    return find_own(inst, into, err) && check_all(&into->granted, err)
           && (!into->disk || lima_hyperv_disk_grow(into->disk, inst->disk, wake, err))
           && lima_hyperv_extra_disks_take(inst, wake, &into->extras, err);
}

bool lima_hyperv_disks_prepare(const lima_instance *inst, lima_wake *wake, hyperv_disks *ret, lima_err *err)
{
    hyperv_disks disks = {0};

    if (prepare(inst, wake, &disks, err)) {
        lima_strv_add_all(&disks.granted, &disks.extras);
        add_if(&disks.granted, disks.iso);
        add_if(&disks.granted, disks.cidata);
        *ret = disks;
        return true;
    }
    lima_hyperv_extra_disks_release(inst, NULL);
    lima_hyperv_disks_free(&disks);
    return false;
}

void lima_hyperv_disks_free(hyperv_disks *disks)
{
    free(disks->disk);
    free(disks->iso);
    free(disks->cidata);
    lima_strv_free(&disks->extras);
    lima_strv_free(&disks->granted);
    *disks = (hyperv_disks){0};
}

bool lima_hyperv_disks_grant(const char *vm, const lima_strv *files, lima_wake *wake, lima_err *err)
{
    for (size_t i = 0; i < files->len; i++)
        if (!lima_hcs_grant(vm, files->items[i], lima_clock_in(GRANT_MS), wake, err))
            return lima_err_wrap(err, "give the VM access to '%s'", files->items[i]);
    return true;
}

void lima_hyperv_disks_release(const lima_instance *inst, const char *vm)
{
    lima_hyperv_extra_disks_release(inst, vm);
}
