/* How it works: what is there is read from `qemu-img info`; then `qemu-img snapshot` is run on the boot
 * disk. It takes a tag for -d but an id or a tag, ids first, for -a: so that a snapshot called "1" is not
 * mistaken for the one with id 1, -a gets the id. */

#include "base/str.h"
#include "qemu/disk.h"
#include "qemu/img.h"
#include "qemu/snapshot.h"

typedef struct looked {
    qemu_boot_disk disk;
    qemu_image_info info;
} looked;

static void image_free(looked *image)
{
    lima_qemu_boot_disk_free(&image->disk);
    lima_qemu_image_info_free(&image->info);
}

static bool look(const lima_instance *inst, lima_wake *wake, looked *ret, lima_err *err)
{
    looked found = {0};
    bool ok = lima_qemu_disk_find(inst, wake, &found.disk, err)
              && (found.disk.disk.path
                  || lima_err_set(err, LIMA_CODE_NOT_FOUND, "the instance has no disk yet; start it once"))
              && (lima_str_eq(found.disk.disk.format, "qcow2")
                  || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                                  "disk '%s' has format '%s', which cannot hold snapshots; only qcow2 can",
                                  found.disk.disk.path, found.disk.disk.format))
              && lima_qemu_img_info(found.disk.disk.path, "qcow2", wake, &found.info, err);

    if (ok)
        *ret = found;
    else
        image_free(&found);
    return ok;
}

static const lima_snapshot *find(const looked *image, const char *tag)
{
    for (size_t i = 0; i < image->info.snapshots.len; i++)
        if (lima_str_eq(image->info.snapshots.items[i].tag, tag))
            return &image->info.snapshots.items[i];
    return NULL;
}

static bool need(const lima_snapshot *snapshot, lima_err *err)
{
    return snapshot
           || lima_err_set(
               err, LIMA_CODE_NOT_FOUND,
               "there is no snapshot of this name (`limactl snapshot list` shows those there are)");
}

static bool run(const looked *image, const char *option, const char *which, const char *what, lima_wake *wake,
                lima_err *err)
{
    const char *const args[] = {"snapshot", option, which, image->disk.disk.path, NULL};

    return lima_qemu_img_run(args, what, QEMU_IMG_WORK_MS, wake, NULL, err);
}

bool lima_qemu_offline_create(const lima_instance *inst, const char *tag, lima_wake *wake, lima_err *err)
{
    looked image = {0};
    bool ok = look(inst, wake, &image, err)
              && (!find(&image, tag)
                  || lima_err_set(
                      err, LIMA_CODE_ALREADY_EXISTS,
                      "there is a snapshot of this name already; delete it first, or take another name"))
              && run(&image, "-c", tag, "create", wake, err);

    image_free(&image);
    return ok;
}

bool lima_qemu_offline_apply(const lima_instance *inst, const char *tag, lima_wake *wake, lima_err *err)
{
    looked image = {0};
    const lima_snapshot *snapshot = NULL;
    bool ok = look(inst, wake, &image, err) && need(snapshot = find(&image, tag), err)
              && run(&image, "-a", snapshot->id, "apply", wake, err);

    image_free(&image);
    return ok;
}

bool lima_qemu_offline_remove(const lima_instance *inst, const char *tag, lima_wake *wake, lima_err *err)
{
    looked image = {0};
    bool ok = look(inst, wake, &image, err) && need(find(&image, tag), err)
              && run(&image, "-d", tag, "delete", wake, err);

    image_free(&image);
    return ok;
}

bool lima_qemu_offline_list(const lima_instance *inst, lima_wake *wake, lima_snapshot_list *ret,
                            lima_err *err)
{
    looked image = {0};

    if (!look(inst, wake, &image, err))
        return false;
    *ret = image.info.snapshots;
    image.info.snapshots = (lima_snapshot_list){0};
    image_free(&image);
    return true;
}
