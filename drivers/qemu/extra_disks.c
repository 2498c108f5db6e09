/* Locks and names are core/driver's (driver/disk_lock.h). */
#include "qemu/extra_disks.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/path.h"
#include "driver/disk_lock.h"
#include "os/file.h"
#include "qemu/image_info.h"
#include "qemu/img.h"

static bool check_disk(const char *name, const char *path, lima_wake *wake, qemu_disk *ret, lima_err *err)
{
    lima_file_info file = {0};
    qemu_image_info info = {0};

    if (!lima_file_stat(path, true, &file, err))
        return false;
    if (file.kind == LIMA_FILE_NONE)
        return lima_err_set(
            err, LIMA_CODE_NOT_FOUND,
            "additional disk '%s': no file '%s'; make it with `limactl disk create %s --size 10GiB`", name,
            path, name);
    bool ok = lima_qemu_img_info(path, NULL, wake, &info, err) && lima_qemu_image_info_check(&info, path, err)
              && lima_qemu_img_check_end(path, info.format, wake, err);
    if (ok)
        *ret = (qemu_disk){.path = lima_mem_strdup(path), .format = lima_mem_strdup(info.format)};
    lima_qemu_image_info_free(&info);
    return ok;
}

static bool take_one(const lima_instance *inst, size_t index, lima_wake *wake, qemu_extra_disks *disks,
                     lima_err *err)
{
    const char *name;
    char *folder;

    if (!lima_disk_folder(inst, index, &name, &folder, err))
        return false;
    char *path = lima_path_join(folder, "datadisk");
    char *lock = lima_path_join(folder, "in_use_by");
    qemu_disk disk = {0};
    bool ok = check_disk(name, path, wake, &disk, err) && lima_disk_lock_take(inst, name, lock, err);

    if (ok) {
        disks->items = lima_mem_resize(disks->items, disks->len + 1, sizeof *disks->items);
        disks->items[disks->len++] = disk;
        lima_strv_add(&disks->locks, lock);
    } else {
        free(disk.path);
        free(disk.format);
    }
    free(lock);
    free(path);
    free(folder);
    return ok;
}

bool lima_qemu_extra_disks_take(const lima_instance *inst, lima_wake *wake, qemu_extra_disks *ret,
                                lima_err *err)
{
    qemu_extra_disks disks = {0};
    size_t count = lima_json_count(inst->doc, "config.additionalDisks");
    bool ok = count <= QEMU_DISKS_MAX
              || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                              "additionalDisks: %zu are more than the %d possible", count, QEMU_DISKS_MAX);

    for (size_t i = 0; ok && i < count; i++)
        ok = take_one(inst, i, wake, &disks, err);
    if (ok) {
        *ret = disks;
        return true;
    }
    lima_qemu_extra_disks_unlock(inst, &disks.locks);
    lima_qemu_extra_disks_free(&disks);
    return false;
}

void lima_qemu_extra_disks_unlock(const lima_instance *inst, const lima_strv *locks)
{
    for (size_t i = 0; i < locks->len; i++)
        lima_disk_lock_release(inst, locks->items[i]);
}

void lima_qemu_extra_disks_free(qemu_extra_disks *disks)
{
    for (size_t i = 0; i < disks->len; i++) {
        free(disks->items[i].path);
        free(disks->items[i].format);
    }
    free(disks->items);
    lima_strv_free(&disks->locks);
    *disks = (qemu_extra_disks){0};
}
