/* How it works: disk.vhdx is the witness: when it is there, the download has done its service and shrinks to
 * a line of text. An installation medium is first renamed to `iso`; then its place is held; then the empty
 * disk is made. Each step is one rename, so that a killed process leaves a beginning for the next. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "hyperv/disk_files.h"
#include "hyperv/snapshot_index.h"
#include "image/convert.h"
#include "image/iso.h"
#include "os/file.h"

enum { SECTOR = 512, LOG_EVERY_MS = 5000 };

static const char spent[] =
    "converted to disk.vhdx by lima-driver-hyperv; this file holds the image's place\n";

bool lima_hyperv_is_there(const char *path)
{
    lima_file_info info = {0};

    return lima_file_stat(path, true, &info, NULL) && info.kind != LIMA_FILE_NONE;
}

uint64_t lima_hyperv_disk_size(uint64_t wanted)
{
    return wanted / SECTOR * SECTOR + (wanted % SECTOR ? SECTOR : 0);
}

/* ---- converting ---- */

typedef struct progress {
    const char *what;
    lima_deadline next;
    bool ended; /* the end is told several times */
} progress;

static void tell(void *arg, uint64_t done, uint64_t total)
{
    progress *p = arg;

    if (p->ended || (done < total && lima_clock_now() < p->next))
        return;
    p->ended = done == total;
    p->next = lima_clock_in(LOG_EVERY_MS);
    lima_log_info("%s: %" PRIu64 " of %" PRIu64 " MiB converted (%u %%)", p->what, done >> 20, total >> 20,
                  total ? (unsigned)(done * 100 / total) : 100);
}

/* Whatever has no mark passes for a raw disk: the error page of a web server, an archive, half a download. */
static bool check_raw(const lima_disk_info *disk, const char *path, lima_err *err)
{
    return disk->format != LIMA_DISK_RAW || (disk->size && disk->size % SECTOR == 0)
           || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                           "image '%s' has no known format, and its %" PRIu64 " bytes are no whole number of "
                           "sectors either, so it is no raw disk; see what was downloaded, and try again",
                           path, disk->size);
}

static bool check_size(const lima_disk_info *disk, const char *path, uint64_t size, lima_err *err)
{
    return !size || disk->size <= size
           || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                           "disk: %" PRIu64 " MiB are configured, but the disk in '%s' has %" PRIu64
                           " MiB, and disks are not shrunk; set `disk` to that or more",
                           size >> 20, path, (disk->size + (1 << 20) - 1) >> 20);
}

/* *ret_format: as what it is to be read. */
static bool look_at_image(const hyperv_conversion *conversion, lima_disk_format *ret_format, lima_err *err)
{
    lima_disk *disk = NULL;
    lima_disk_info info = {0};

    if (!lima_disk_open(conversion->from, LIMA_DISK_ANY, &disk, err))
        return false;
    lima_disk_get_info(disk, &info);
    lima_disk_close(disk);
    *ret_format = info.format;
    return check_raw(&info, conversion->from, err)
           && check_size(&info, conversion->from, conversion->size, err);
}

bool lima_hyperv_convert(const hyperv_conversion *conversion, lima_err *err)
{
    progress p = {.what = conversion->what, .next = lima_clock_in(LOG_EVERY_MS)};
    lima_convert_desc desc = {.from = conversion->from,
                              .to = conversion->to,
                              .shape = {.size = lima_hyperv_disk_size(conversion->size)},
                              .cancel = conversion->wake,
                              .progress = tell,
                              .context = &p};

    if (!look_at_image(conversion, &desc.format, err))
        return false;
    lima_log_info("%s: converting '%s'", conversion->what, conversion->from);
    return lima_convert(&desc, err);
}

bool lima_hyperv_make_empty_disk(const char *path, uint64_t size, lima_err *err)
{
    const lima_vhdx_desc shape = {.size = lima_hyperv_disk_size(size), .sector = SECTOR, .physical = 4096};
    lima_vhdx_writer *writer = NULL;
    char *temporary = lima_mem_printf("%s.new", path);
    bool ok = lima_file_remove(temporary, err) && lima_vhdx_create(temporary, &shape, &writer, err)
              && lima_vhdx_finish(writer, err) && lima_file_rename(temporary, path, err);

    free(temporary);
    return ok;
}

/* ---- the download ---- */

static bool is_spent(const char *path)
{
    lima_buf text = LIMA_BUF(sizeof spent);
    lima_file_info info = {0};
    bool is = lima_file_stat(path, true, &info, NULL) && info.size == sizeof spent - 1
              && lima_file_read(path, &text, NULL) && !strcmp(lima_buf_str(&text), spent);

    lima_buf_free(&text);
    return is;
}

static bool hold_place(const char *path, lima_err *err)
{
    return is_spent(path) || lima_file_write(path, spent, sizeof spent - 1, LIMA_FILE_SHARED, err);
}

/* "image"; Lima 2.0 calls it "basedisk". Owned; NULL: there is none. */
static char *find_download(const lima_instance *inst)
{
    static const char *const names[] = {"image", "basedisk"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = lima_instance_path(inst, names[i]);
        if (lima_hyperv_is_there(path))
            return path;
        free(path);
    }
    return NULL;
}

/* ---- making ---- */

static bool make_empty(const lima_instance *inst, const char *disk, lima_err *err)
{
    return (inst->disk
            || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "disk: its size must be given, since the image is an installation medium"))
           && lima_hyperv_make_empty_disk(disk, inst->disk, err);
}

static bool from_iso(const lima_instance *inst, const char *image, const char *iso, const char *disk,
                     lima_err *err)
{
    return lima_file_rename(image, iso, err) && hold_place(image, err) && make_empty(inst, disk, err);
}

static bool from_image(const lima_instance *inst, const char *image, const char *disk, lima_wake *wake,
                       lima_err *err)
{
    char *what = lima_mem_printf("instance '%s': disk", inst->name);
    const hyperv_conversion conversion = {
        .what = what, .from = image, .to = disk, .size = inst->disk, .wake = wake};
    bool ok = lima_hyperv_convert(&conversion, err) && hold_place(image, err);

    free(what);
    return ok;
}

static bool make(const lima_instance *inst, const char *image, const char *iso, const char *disk,
                 lima_wake *wake, lima_err *err)
{
    bool is_iso = false, used = image && is_spent(image);

    if (!lima_hyperv_disks_check(inst->dir, err))
        return false;
    if ((!image || used) && lima_hyperv_is_there(iso))
        return make_empty(inst, disk, err);
    if (!image)
        return lima_err_set(err, LIMA_CODE_NOT_FOUND,
                            "there is no image in '%s'; name one under `images` in lima.yaml", inst->dir);
    if (used)
        return lima_err_set(
            err, LIMA_CODE_NOT_FOUND,
            "'%s' was removed, and the image was not kept; put the disk back, or remove the instance "
            "and create it anew: limactl delete --force",
            disk);
    if (!lima_iso_detect(image, &is_iso, err))
        return false;
    return is_iso ? from_iso(inst, image, iso, disk, err) : from_image(inst, image, disk, wake, err);
}

bool lima_hyperv_disks_create(const lima_instance *inst, lima_wake *wake, lima_err *err)
{
    char *disk = lima_instance_path(inst, HYPERV_DISK_FILE), *iso = lima_instance_path(inst, "iso");
    char *image = find_download(inst);
    bool ok = lima_hyperv_is_there(disk) ? !image || hold_place(image, err)
                                         : make(inst, image, iso, disk, wake, err);

    free(image);
    free(iso);
    free(disk);
    return ok;
}
