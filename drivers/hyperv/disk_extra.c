/* How it works: what is in datadisk.vhdx counts (disks.h). `datadisk` is looked at only to see whether
 * somebody else has used it since: as long as size and time are those of the record nothing is read. Else its
 * content is compared with what it was, by a number; then with what is in datadisk.vhdx, which covers a
 * process that was killed between a disk and its record.
 *
 * A VM's disk is locked by Windows while it runs; limactl's own lock, a link, is taken where users may make
 * links. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "driver/disk_lock.h"
#include "hyperv/disk_files.h"
#include "hyperv/disk_record.h"
#include "hyperv/document.h"
#include "hyperv/snapshot_steps.h"
#include "os/file.h"
#include "win/hcs.h"

enum { REVOKE_MS = 30 * 1000 };

/* {0} is freeable. */
typedef struct extra {
    const lima_instance *inst;
    lima_wake *wake;
    const char *name; /* borrowed from inst */
    char *folder, *source, *disk, *made, *record_path, *lock;
    lima_file_info file; /* of the source */
    hyperv_disk_record record;
} extra;

static void extra_free(extra *one)
{
    free(one->folder);
    free(one->source);
    free(one->disk);
    free(one->made);
    free(one->record_path);
    free(one->lock);
    *one = (extra){0};
}

static bool find(const lima_instance *inst, size_t index, extra *ret, lima_err *err)
{
    extra one = {.inst = inst};

    if (!lima_disk_folder(inst, index, &one.name, &one.folder, err))
        return false;
    one.source = lima_path_join(one.folder, "datadisk");
    one.disk = lima_path_join(one.folder, "datadisk.vhdx");
    one.made = lima_path_join(one.folder, "datadisk.made.vhdx");
    one.record_path = lima_path_join(one.folder, "datadisk.vhdx.json");
    one.lock = lima_path_join(one.folder, "in_use_by");
    *ret = one;
    return true;
}

/* ---- the record ---- */

static bool disk_id(const extra *one, char ret[LIMA_GUID_SIZE], lima_err *err)
{
    lima_virtdisk disk = {0};

    if (!lima_virtdisk_get(one->disk, lima_clock_in(HYPERV_DISK_MS), one->wake, &disk, err))
        return false;
    memcpy(ret, disk.id, LIMA_GUID_SIZE);
    lima_virtdisk_free(&disk);
    return true;
}

static bool is_untouched(const extra *one)
{
    char id[LIMA_GUID_SIZE] = "";

    return *one->record.id && disk_id(one, id, NULL) && lima_str_eq(id, one->record.id);
}

/* The source as it is now has this content; `untouched`: so has the disk, and nobody has written to it. */
static bool remember(extra *one, uint64_t content, bool untouched, lima_err *err)
{
    hyperv_disk_record record = {
        .known = true, .size = one->file.size, .mtime_ms = one->file.mtime_ms, .content = content};

    if ((untouched && !disk_id(one, record.id, err))
        || !lima_hyperv_disk_record_write(one->record_path, &record, err))
        return false;
    one->record = record;
    return true;
}

/* ---- making ---- */

static bool convert(const extra *one, const char *to, lima_err *err)
{
    char *what = lima_mem_printf("additional disk '%s'", one->name);
    const hyperv_conversion conversion = {.what = what, .from = one->source, .to = to, .wake = one->wake};
    bool ok = lima_hyperv_convert(&conversion, err);

    free(what);
    return ok;
}

static bool make(extra *one, lima_err *err)
{
    uint64_t content = 0;

    return lima_hyperv_disks_check(one->folder, err)
           && lima_hyperv_disk_content(one->source, one->wake, &content, err) && convert(one, one->disk, err)
           && remember(one, content, true, err);
}

static bool make_again(extra *one, uint64_t content, lima_err *err)
{
    lima_log_info("additional disk '%s': '%s' was changed, and no VM has written to '%s': it is made anew",
                  one->name, one->source, one->disk);
    return lima_file_remove(one->made, err) && convert(one, one->made, err)
           && lima_file_rename(one->made, one->disk, err) && remember(one, content, true, err);
}

static bool fail_both(const extra *one, lima_err *err)
{
    return lima_err_set(
        err, LIMA_CODE_FAILED_PRECONDITION,
        "additional disk '%s': '%s' was changed by another program after '%s' was made of it, and VMs "
        "have written to that; remove (or put elsewhere) the one whose data is not wanted",
        one->name, one->source, one->disk);
}

/* The source is not what the record says. */
static bool reconcile(extra *one, lima_err *err)
{
    uint64_t content = 0, here = 0;
    bool untouched = is_untouched(one);

    if (!lima_hyperv_disk_content(one->source, one->wake, &content, err))
        return false;
    if (one->record.known && content == one->record.content)
        return remember(one, content, untouched, err);
    if (untouched)
        return make_again(one, content, err);
    if (!lima_hyperv_disk_content(one->disk, one->wake, &here, NULL) || here != content)
        return fail_both(one, err);
    return remember(one, content, true, err);
}

static bool is_as_recorded(const extra *one)
{
    return one->record.known && one->record.size == one->file.size
           && one->record.mtime_ms == one->file.mtime_ms;
}

/* Afterwards the disk is there, and is the one to use. */
static bool provide(extra *one, lima_err *err)
{
    bool made = lima_hyperv_is_there(one->disk);

    if (!lima_file_stat(one->source, true, &one->file, err))
        return false;
    if (one->file.kind == LIMA_FILE_NONE)
        return made
               || lima_err_set(
                   err, LIMA_CODE_NOT_FOUND,
                   "additional disk '%s': no file '%s'; make it with `limactl disk create %s --size 10GiB`",
                   one->name, one->source, one->name);
    if (!made)
        return make(one, err);
    lima_hyperv_disk_record_read(one->record_path, &one->record);
    return is_as_recorded(one) || reconcile(one, err);
}

/* ---- growing ---- */

static bool source_size(const extra *one, uint64_t *ret, lima_err *err)
{
    lima_disk *disk = NULL;
    lima_disk_info info = {0};

    if (!lima_disk_open(one->source, LIMA_DISK_ANY, &disk, err))
        return false;
    lima_disk_get_info(disk, &info);
    lima_disk_close(disk);
    *ret = info.size;
    return true;
}

/* `limactl disk resize` knows the source only. That it became smaller is no wish to lose data. */
static bool grow(extra *one, lima_err *err)
{
    lima_virtdisk disk = {0};
    uint64_t size = 0;

    if (one->file.kind == LIMA_FILE_NONE)
        return true;
    if (!source_size(one, &size, err) || !lima_hyperv_disk_check_whole(one->disk, one->wake, &disk, err))
        return false;
    bool larger = lima_hyperv_disk_size(size) > disk.virtual_size, untouched = is_untouched(one);
    lima_virtdisk_free(&disk);
    return !larger
           || (lima_hyperv_disk_grow(one->disk, size, one->wake, err)
               && remember(one, one->record.content, untouched, err));
}

/* ---- locks ---- */

static bool lock(const extra *one, lima_err *err)
{
    lima_err why = {0};

    if (lima_disk_lock_take(one->inst, one->name, one->lock, &why))
        return true;
    if (why.code == LIMA_CODE_PERMISSION_DENIED) {
        lima_log_debug("additional disk '%s': no lock for limactl: %s", one->name, why.text);
        return true;
    }
    if (err)
        *err = why;
    return false;
}

static bool take_one(extra *one, lima_err *err)
{
    lima_file_info folder;

    if (!lima_file_stat(one->folder, true, &folder, err))
        return false;
    return (folder.kind == LIMA_FILE_NONE || lock(one, err)) && provide(one, err)
           && lima_hyperv_disks_check(one->disk, err) && grow(one, err);
}

bool lima_hyperv_extra_disks_take(const lima_instance *inst, lima_wake *wake, lima_strv *ret, lima_err *err)
{
    size_t count = lima_json_count(inst->doc, "config.additionalDisks");
    bool ok =
        count <= HYPERV_EXTRA_DISKS_MAX
        || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "additionalDisks: %zu are more than the %d possible",
                        count, HYPERV_EXTRA_DISKS_MAX);

    for (size_t i = 0; ok && i < count; i++) {
        extra one = {0};
        if (!find(inst, i, &one, err))
            return false;
        one.wake = wake;
        ok = take_one(&one, err) || lima_err_wrap(err, "additionalDisks[%zu]", i);
        if (ok)
            lima_strv_add(ret, one.disk);
        extra_free(&one);
    }
    return ok;
}

static void revoke(const char *vm, const char *disk)
{
    lima_err err = {0};

    if (lima_hyperv_is_there(disk) && !lima_hcs_revoke(vm, disk, lima_clock_in(REVOKE_MS), NULL, &err))
        lima_log_warn("'%s': the VM's access to it stays: %s", disk, err.text);
}

void lima_hyperv_extra_disks_release(const lima_instance *inst, const char *vm)
{
    for (size_t i = 0; i < lima_json_count(inst->doc, "config.additionalDisks") && i < HYPERV_EXTRA_DISKS_MAX;
         i++) {
        extra one = {0};
        if (!find(inst, i, &one, NULL))
            continue;
        if (vm)
            revoke(vm, one.disk);
        lima_disk_lock_release(inst, one.lock);
        extra_free(&one);
    }
}
