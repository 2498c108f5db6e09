/* How it works: a disk is made under the name disk.tmp (limactl cleans that up) or is the renamed image
 * itself; the last step is always one rename to the final name. Between the steps for an ISO image a crash
 * leaves `iso` without `disk`, which the next call completes. Deliberately not here: growing (limactl does
 * it) and converting. */
#include "qemu/disk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/iso.h"
#include "os/file.h"
#include "qemu/img.h"

enum { SECTOR_BYTES = 512 };

/* ---- small things ---- */

static bool exists(const lima_instance *inst, const char *file)
{
    lima_file_info info = {0};
    char *path = lima_instance_path(inst, file);
    bool there = lima_file_stat(path, true, &info, NULL) && info.kind != LIMA_FILE_NONE;

    free(path);
    return there;
}

static bool move(const lima_instance *inst, const char *from, const char *to, lima_err *err)
{
    char *old = lima_instance_path(inst, from), *new = lima_instance_path(inst, to);
    bool ok = lima_file_rename(old, new, err);

    free(new);
    free(old);
    return ok;
}

static bool is_iso(const lima_instance *inst, const char *file)
{
    char *path = lima_instance_path(inst, file);
    bool iso = false;

    lima_iso_detect(path, &iso, NULL);
    free(path);
    return iso;
}

/* ---- what is known of a raw disk: that it is one, and how long it was ---- */

static bool remember_raw(const lima_instance *inst, const char *image, lima_err *err)
{
    lima_file_info file = {0};
    if (!lima_file_stat(image, true, &file, err))
        return false;
    char *path = lima_instance_path(inst, QEMU_DISK_FORMAT_FILE);
    char *text = lima_mem_printf("{\"format\":\"raw\",\"size\":%" PRIu64 "}\n", file.size);
    bool ok = lima_file_write(path, text, strlen(text), LIMA_FILE_SHARED, err);

    free(text);
    free(path);
    return ok;
}

static bool forget_raw(const lima_instance *inst, lima_err *err)
{
    char *path = lima_instance_path(inst, QEMU_DISK_FORMAT_FILE);
    bool ok = lima_file_remove(path, err);

    free(path);
    return ok;
}

typedef struct raw_disk {
    bool known;
    uint64_t size; /* 0: not written down */
} raw_disk;

static raw_disk recall_raw(const lima_instance *inst)
{
    lima_buf text = LIMA_BUF(4096);
    lima_json *doc = NULL;
    raw_disk found = {0};
    char *path = lima_instance_path(inst, QEMU_DISK_FORMAT_FILE);

    if (lima_file_read(path, &text, NULL) && lima_json_parse(lima_buf_str(&text), text.len, &doc, NULL)) {
        int64_t size = lima_json_int(doc, 0, "size");
        found.known = lima_str_eq(lima_json_str(doc, "", "format"), "raw");
        found.size = size > 0 ? (uint64_t)size : 0;
    }
    lima_json_free(doc);
    free(path);
    lima_buf_free(&text);
    return found;
}

/* A raw disk says nothing about itself, but disks only ever grow. */
static bool check_raw_end(const lima_instance *inst, const char *path, raw_disk before, lima_err *err)
{
    lima_file_info file = {0};

    if (!lima_file_stat(path, true, &file, err))
        return false;
    if (!before.known || file.size > before.size)
        return remember_raw(inst, path, err);
    return file.size == before.size || file.kind != LIMA_FILE_REGULAR
           || lima_err_set(err, LIMA_CODE_DATA_LOSS,
                           "disk image '%s' was cut short: it has %" PRIu64 " bytes and had %" PRIu64
                           "; put a copy of it back, or, if it is smaller on purpose, remove '%s/%s'",
                           path, file.size, before.size, inst->dir, QEMU_DISK_FORMAT_FILE);
}

/* ---- making ---- */

static bool create_qcow2(const lima_instance *inst, const char *file, const char *backing,
                         const char *backing_format, lima_wake *wake, lima_err *err)
{
    char *path = lima_instance_path(inst, "disk.tmp");
    char *size = lima_mem_printf("%" PRIu64, inst->disk);
    char *what = lima_mem_printf("disk '%s/%s': create", inst->dir, file);
    const char *const plain[] = {"create", "-q", "-f", "qcow2", path, size, NULL};
    const char *const backed[] = {"create", "-q",    "-f", "qcow2", "-F", backing_format,
                                  "-b",     backing, path, size,    NULL};
    bool ok = lima_file_remove(path, err)
              && lima_qemu_img_run(backing ? backed : plain, what, QEMU_IMG_WORK_MS, wake, NULL, err);

    if (!ok)
        lima_file_remove(path, NULL);
    free(what);
    free(size);
    free(path);
    return ok;
}

static bool need_size(const lima_instance *inst, lima_err *err)
{
    return inst->disk > 0
           || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                           "disk: its size must be given, since the image is an installation medium");
}

static bool create_beside_iso(const lima_instance *inst, lima_wake *wake, lima_err *err)
{
    if (!need_size(inst, err) || !forget_raw(inst, err) || !create_qcow2(inst, "disk", NULL, NULL, wake, err))
        return false;
    return (exists(inst, "iso") || move(inst, "image", "iso", err)) && move(inst, "disk.tmp", "disk", err);
}

/* QEMU takes whatever it does not know for a raw disk: the error page of a web server, an archive, half a
 * download. Real raw disks are whole sectors. */
static bool check_raw(const qemu_image_info *info, const char *path, lima_err *err)
{
    lima_file_info file = {0};

    if (!lima_str_eq(info->format, "raw"))
        return true;
    if (!lima_file_stat(path, true, &file, err))
        return false;
    if (file.kind != LIMA_FILE_REGULAR)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "image '%s' is not a file but a device or pipe",
                            path);
    return file.size % SECTOR_BYTES == 0
           || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                           "image '%s' has no known format, and its %" PRIu64 " bytes are no whole number of "
                           "sectors either, so it is no raw disk; see what was downloaded, and try again",
                           path, file.size);
}

/* Looks at a downloaded image; *ret_format is owned. */
static bool examine(const char *path, lima_wake *wake, char **ret_format, lima_err *err)
{
    qemu_image_info info = {0};
    bool ok = lima_qemu_img_info(path, NULL, wake, &info, err) && lima_qemu_image_info_check(&info, path, err)
              && check_raw(&info, path, err)
              && (!lima_str_eq(info.format, "qcow2") || lima_qemu_img_check(path, "qcow2", wake, err));

    if (ok)
        *ret_format = lima_mem_strdup(info.format);
    lima_qemu_image_info_free(&info);
    return ok;
}

static bool create_from_image(const lima_instance *inst, lima_wake *wake, lima_err *err)
{
    char *path = lima_instance_path(inst, "image");
    char *format = NULL;
    bool ok = examine(path, wake, &format, err)
              && (lima_str_eq(format, "raw") ? remember_raw(inst, path, err) : forget_raw(inst, err))
              && move(inst, "image", "disk", err);

    free(format);
    free(path);
    return ok;
}

/* Lima 2.0: the image stays as basedisk, the disk is a layer upon it. */
static bool create_layer(const lima_instance *inst, lima_wake *wake, lima_err *err)
{
    char *base = lima_instance_path(inst, "basedisk");
    char *format = NULL;
    bool ok;

    if (is_iso(inst, "basedisk"))
        ok = need_size(inst, err) && create_qcow2(inst, "diffdisk", NULL, NULL, wake, err);
    else
        ok = examine(base, wake, &format, err) && create_qcow2(inst, "diffdisk", base, format, wake, err);
    ok = ok && move(inst, "disk.tmp", "diffdisk", err);
    free(format);
    free(base);
    return ok;
}

bool lima_qemu_disk_create(const lima_instance *inst, lima_generation generation, lima_wake *wake,
                           lima_err *err)
{
    if (exists(inst, "disk") || exists(inst, "diffdisk"))
        return true;
    if (generation <= LIMA_GENERATION_2_0_3 && exists(inst, "basedisk"))
        return inst->disk == 0 || create_layer(inst, wake, err);
    if (exists(inst, "image") ? is_iso(inst, "image") : exists(inst, "iso"))
        return create_beside_iso(inst, wake, err);
    if (exists(inst, "image"))
        return create_from_image(inst, wake, err);
    return lima_err_set(err, LIMA_CODE_NOT_FOUND,
                        "neither a disk nor an image in '%s'; was the download interrupted?", inst->dir);
}

/* ---- finding ---- */

/* A layer of Lima 2.0 may stand upon its own basedisk, and that upon nothing. */
static bool allow_basedisk(const lima_instance *inst, qemu_image_info *info, lima_wake *wake, lima_err *err)
{
    char *base = lima_instance_path(inst, "basedisk");
    char *format = NULL;
    bool own = lima_str_eq(info->backing_file, base) || lima_str_eq(info->backing_file, "basedisk");
    bool ok = !own || examine(base, wake, &format, err);

    if (own && ok) {
        free(info->backing_file);
        free(info->foreign_extent);
        info->backing_file = info->foreign_extent = NULL;
    }
    free(format);
    free(base);
    return ok;
}

static bool find_format(const lima_instance *inst, const char *path, lima_wake *wake, char **ret,
                        lima_err *err)
{
    qemu_image_info info = {0};
    raw_disk before = recall_raw(inst);
    bool ok = lima_qemu_img_info(path, before.known ? "raw" : NULL, wake, &info, err)
              && allow_basedisk(inst, &info, wake, err) && lima_qemu_image_info_check(&info, path, err)
              && lima_qemu_img_check_end(path, info.format, wake, err)
              && (!lima_str_eq(info.format, "raw") || check_raw_end(inst, path, before, err));

    if (ok)
        *ret = lima_mem_strdup(info.format);
    lima_qemu_image_info_free(&info);
    return ok;
}

static char *find_iso(const lima_instance *inst, bool legacy)
{
    if (exists(inst, "iso"))
        return lima_instance_path(inst, "iso");
    return legacy && is_iso(inst, "basedisk") ? lima_instance_path(inst, "basedisk") : NULL;
}

bool lima_qemu_disk_find(const lima_instance *inst, lima_wake *wake, qemu_boot_disk *ret, lima_err *err)
{
    qemu_boot_disk found = {0};
    bool legacy = !exists(inst, "disk") && exists(inst, "diffdisk");

    found.iso = find_iso(inst, legacy);
    if (legacy || exists(inst, "disk")) {
        found.disk.path = lima_instance_path(inst, legacy ? "diffdisk" : "disk");
        if (!find_format(inst, found.disk.path, wake, &found.disk.format, err)) {
            lima_qemu_boot_disk_free(&found);
            return false;
        }
    } else if (inst->disk && !found.iso) {
        return lima_err_set(err, LIMA_CODE_NOT_FOUND,
                            "no disk in '%s'; if it was deleted, delete the instance and create it anew",
                            inst->dir);
    }
    *ret = found;
    return true;
}

void lima_qemu_boot_disk_free(qemu_boot_disk *disk)
{
    free(disk->disk.path);
    free(disk->disk.format);
    free(disk->iso);
    *disk = (qemu_boot_disk){0};
}
