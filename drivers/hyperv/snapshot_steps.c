/* How it works: each kind of step first looks whether it is done already, as its contract wants, so that a
 * plan that was broken off can be repeated. Files appear by one rename each. A disk is merged only into the
 * parent of the same folder: in a copied instance the disks still name those of the original as theirs.
 *
 * Deliberately not here: marking parents read-only. What protects them is that their children notice. */
#include "hyperv/snapshot_steps.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "win/hresult.h"

enum {
    DISK_MS = 120 * 1000,          /* an operation on one file's headers */
    MERGE_MS = 6 * 60 * 60 * 1000, /* of terabytes */
    COPY_MAX = 256 * 1024 * 1024,  /* guest state: some megabytes */
};

/* ---- files ---- */

static bool is_there(const char *path, bool *ret, lima_err *err)
{
    lima_file_info info;

    if (!lima_file_stat(path, false, &info, err))
        return false;
    *ret = info.kind != LIMA_FILE_NONE;
    return true;
}

static bool copy(const char *from, const char *to, lima_err *err)
{
    lima_buf content = LIMA_BUF(COPY_MAX);
    bool there = false;
    bool ok = is_there(from, &there, err);

    if (ok && there)
        ok = lima_file_read(from, &content, err)
             && lima_file_write(to, lima_buf_str(&content), content.len, LIMA_FILE_PRIVATE, err);
    lima_buf_free(&content);
    return ok;
}

static bool move(const char *from, const char *to, lima_err *err)
{
    bool done = false;

    return is_there(to, &done, err) && (done || lima_file_rename(from, to, err));
}

static bool replace(const char *from, const char *to, lima_err *err)
{
    bool there = false;

    return is_there(from, &there, err) && (!there || lima_file_rename(from, to, err));
}

/* ---- disks ---- */

bool lima_hyperv_disk_check_whole(const char *path, lima_wake *wake, lima_virtdisk *ret, lima_err *err)
{
    lima_virtdisk disk = {0};

    if (!lima_virtdisk_get(path, lima_clock_in(DISK_MS), wake, &disk, err))
        return false;
    if (disk.whole) {
        *ret = disk;
        return true;
    }
    char *parents = lima_strv_join(&disk.parents, "' or '");
    lima_err_set(
        err, LIMA_CODE_FAILED_PRECONDITION,
        "disk '%s': the disk that it stands on ('%s'), or one below, is missing or was changed since; put "
        "back what was there, or apply another snapshot",
        path, parents);
    free(parents);
    lima_virtdisk_free(&disk);
    return false;
}

static bool make_child(const hyperv_stepper *stepper, const char *parent, const char *path, lima_err *err)
{
    return lima_file_remove(path, err)
           && lima_virtdisk_create_child(path, parent, lima_clock_in(DISK_MS), stepper->wake, err);
}

/* The child of the same content below, wherever it was and whatever its identity is. */
static bool set_parent(const hyperv_stepper *stepper, const char *parent, const char *path, lima_err *err)
{
    lima_err why = {0};

    if (lima_virtdisk_set_parent(path, parent, lima_clock_in(DISK_MS), stepper->wake, &why))
        return true;
    if (stepper->merges && (uint32_t)why.os_code == LIMA_VHD_E_PARENT_ID_MISMATCH)
        return lima_virtdisk_adopt(path, parent, lima_clock_in(DISK_MS), stepper->wake, err);
    if (err)
        *err = why;
    return false;
}

static bool disk_size(const hyperv_stepper *stepper, const char *path, uint64_t *ret, lima_err *err)
{
    lima_virtdisk disk = {0};

    if (!lima_virtdisk_get(path, lima_clock_in(DISK_MS), stepper->wake, &disk, err))
        return false;
    *ret = disk.virtual_size;
    lima_virtdisk_free(&disk);
    return true;
}

/* Windows is to have grown the parent. If it had not, removing the child would cut the disk short. */
static bool check_grown(const hyperv_stepper *stepper, const char *path, const char *parent, lima_err *err)
{
    uint64_t due = 0, size = 0;

    return disk_size(stepper, path, &due, err) && disk_size(stepper, parent, &size, err)
           && (size >= due
               || lima_err_set(err, LIMA_CODE_INTERNAL,
                               "disk '%s': merged into '%s', which still has %" PRIu64
                               " bytes instead of %" PRIu64 "; both are kept, report this",
                               path, parent, size, due));
}

static bool merge(const hyperv_stepper *stepper, const char *path, const char *parent, lima_err *err)
{
    bool there = false;

    if (!is_there(parent, &there, err))
        return false;
    if (!there)
        return true;
    lima_log_info("instance '%s': merging '%s' into '%s'", stepper->inst->name, path, parent);
    return set_parent(stepper, parent, path, err)
           && lima_virtdisk_merge(path, lima_clock_in(MERGE_MS), stepper->wake, err)
           && check_grown(stepper, path, parent, err);
}

/* ---- the VM ---- */

static bool start(const hyperv_stepper *stepper, lima_err *err)
{
    hyperv_resume from = {0};

    if (!lima_hyperv_snapshots_resume(stepper->inst, &from, err))
        return false;
    bool ok = from.state ? stepper->vm->start(stepper->vm->context, from.document, from.state, err)
                         : lima_err_set(err, LIMA_CODE_INTERNAL, "no saved memory to go on from");
    lima_hyperv_resume_free(&from);
    return ok;
}

/* ---- steps ---- */

static bool run(const hyperv_stepper *stepper, const hyperv_step *step, const char *from, const char *to,
                lima_err *err)
{
    const hyperv_vm_steps *vm = stepper->vm;

    switch (step->kind) {
    case HYPERV_STEP_INDEX:
        return lima_file_write(to, step->text, strlen(step->text), LIMA_FILE_PRIVATE, err);
    case HYPERV_STEP_COPY:
        return copy(from, to, err);
    case HYPERV_STEP_MOVE:
        return move(from, to, err);
    case HYPERV_STEP_REPLACE:
        return replace(from, to, err);
    case HYPERV_STEP_REMOVE:
        return lima_file_remove(to, err);
    case HYPERV_STEP_CHILD:
        return make_child(stepper, from, to, err);
    case HYPERV_STEP_MERGE:
        return merge(stepper, from, to, err);
    case HYPERV_STEP_PARENT:
        return set_parent(stepper, from, to, err);
    case HYPERV_STEP_VM_PAUSE:
        return vm->pause(vm->context, err);
    case HYPERV_STEP_VM_SAVE:
        return lima_file_remove(to, err) && vm->save(vm->context, to, err);
    case HYPERV_STEP_VM_END:
        return vm->end(vm->context, err);
    case HYPERV_STEP_VM_RESUME:
        return vm->resume(vm->context, err);
    case HYPERV_STEP_VM_START:
        return start(stepper, err);
    }
    return lima_err_set(err, LIMA_CODE_INTERNAL, "step %d is not known", (int)step->kind);
}

bool lima_hyperv_step_run(const hyperv_stepper *stepper, const hyperv_step *step, lima_err *err)
{
    char *from = step->from ? lima_instance_path(stepper->inst, step->from) : NULL,
         *to = step->to ? lima_instance_path(stepper->inst, step->to) : NULL;
    bool ok = run(stepper, step, from, to, err);

    free(to);
    free(from);
    return ok;
}

bool lima_hyperv_plan_run(const hyperv_stepper *stepper, const hyperv_plan *plan, lima_err *err)
{
    for (size_t i = 0; i < plan->len; i++) {
        if (lima_wake_wait(stepper->wake, 0))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "cancelled");
        if (!lima_hyperv_step_run(stepper, &plan->items[i], err))
            return false;
    }
    return true;
}

bool lima_hyperv_index_read(const lima_instance *inst, hyperv_snapshot_index *ret, lima_err *err)
{
    lima_buf text = LIMA_BUF(HYPERV_INDEX_BYTES_MAX);
    char *path = lima_instance_path(inst, HYPERV_INDEX_FILE);
    bool there = false;
    bool ok = is_there(path, &there, err);

    if (ok && !there)
        *ret = (hyperv_snapshot_index){0};
    else if (ok)
        ok = lima_file_read(path, &text, err)
             && (lima_hyperv_index_parse(lima_buf_str(&text), text.len, ret, err)
                 || lima_err_wrap(err, "'%s'", path));
    lima_buf_free(&text);
    free(path);
    return ok;
}
