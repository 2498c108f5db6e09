/* How it works: an operation asks snapshot_plan.h for its steps, looks whether there is a prospect before the
 * first one (room, disks that are whole, a VM that can be saved), and runs them. A create or apply that fails
 * is taken back or finished at once. A merge is not: what made it fail (no room, no time) would do so
 * again. */
#include "hyperv/snapshots.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "hyperv/snapshot_memory.h"
#include "hyperv/snapshot_steps.h"

enum { NAMES_MAX = 16384 };

/* {0} but for `stepper` is freeable. */
typedef struct work {
    hyperv_stepper stepper;
    hyperv_snapshot_index index; /* as the file has it */
    hyperv_plan plan;
    bool vm; /* there is one */
} work;

static void work_free(work *w)
{
    lima_hyperv_plan_free(&w->plan);
    lima_hyperv_index_free(&w->index);
}

static bool read_again(work *w, lima_err *err)
{
    lima_hyperv_plan_free(&w->plan);
    lima_hyperv_index_free(&w->index);
    return lima_hyperv_index_read(w->stepper.inst, &w->index, err);
}

/* The plan, and what it has made of the index. */
static bool run(work *w, lima_err *err)
{
    return lima_hyperv_plan_run(&w->stepper, &w->plan, err) && read_again(w, err);
}

/* ---- settle ---- */

static bool recover(work *w, lima_err *err)
{
    if (!lima_hyperv_snapshot_recover(&w->index, &w->plan))
        return true;
    bool at_rest = w->index.op != HYPERV_OP_CREATE;
    if (w->vm && at_rest)
        return lima_err_set(
            err, LIMA_CODE_FAILED_PRECONDITION,
            "an operation on its snapshots was broken off and has to be finished, but it runs; stop "
            "it: limactl stop %s",
            w->stepper.inst->name);
    lima_log_info("instance '%s': an operation on its snapshots was broken off", w->stepper.inst->name);
    return run(w, err) && w->stepper.vm->exists(w->stepper.vm->context, &w->vm, err);
}

/* Another spelling is no other folder. */
static bool follow_folder(work *w, lima_err *err)
{
    const lima_instance *inst = w->stepper.inst;

    if (w->index.folder && lima_path_same(w->index.folder, inst->dir))
        return true;
    if (!lima_hyperv_snapshot_moved(&w->index, inst->dir, &w->plan))
        return true;
    hyperv_stepper careful = w->stepper;
    careful.merges = false;
    return lima_hyperv_plan_run(&careful, &w->plan, err) && read_again(w, err);
}

/* Whether a merge has room: all that the child has may be new to its parent. */
static bool check_room(const work *w, const hyperv_step *merge, lima_err *err)
{
    uint64_t room = UINT64_MAX;
    lima_file_info info = {0};
    char *path = lima_instance_path(w->stepper.inst, merge->from);
    bool ok = lima_file_stat(path, true, &info, err);

    free(path);
    return ok
           && (!lima_file_free_space(w->stepper.inst->dir, &room, NULL) || room >= info.size
               || lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED,
                               "'%s': merging disks needs up to %" PRIu64 " MiB, and %" PRIu64
                               " MiB are free; make room",
                               w->stepper.inst->dir, (info.size >> 20) + 1, room >> 20));
}

/* Before the first step: afterwards there is no way back. */
static bool check_merges(const work *w, lima_err *err)
{
    for (size_t i = 0; i < w->plan.len; i++) {
        const hyperv_step *step = &w->plan.items[i];
        lima_virtdisk disk = {0};
        if (step->kind != HYPERV_STEP_MERGE)
            continue;
        char *path = lima_instance_path(w->stepper.inst, step->from);
        bool ok = lima_hyperv_disk_check_whole(path, w->stepper.wake, &disk, err) && check_room(w, step, err);
        lima_virtdisk_free(&disk);
        free(path);
        if (!ok)
            return false;
    }
    return true;
}

static bool tidy(work *w, lima_err *err)
{
    lima_err why = {0};

    while (lima_hyperv_snapshot_tidy(&w->index, &w->plan)) {
        if (!check_merges(w, &why)) {
            lima_log_warn("instance '%s': a snapshot that was deleted still takes its room: %s",
                          w->stepper.inst->name, why.text);
            lima_hyperv_plan_free(&w->plan);
            return true;
        }
        if (!run(w, err))
            return false;
    }
    return true;
}

static void clear_leftovers(const work *w)
{
    lima_strv names = {0}, leftovers = {0};
    lima_err err = {0};

    if (lima_dir_list(w->stepper.inst->dir, NAMES_MAX, &names, &err))
        lima_hyperv_snapshot_leftovers(&w->index, &names, &leftovers);
    for (size_t i = 0; i < leftovers.len; i++) {
        char *path = lima_instance_path(w->stepper.inst, leftovers.items[i]);
        if (!lima_file_remove(path, &err))
            lima_log_warn("leftover of a snapshot: %s", err.text);
        free(path);
    }
    lima_strv_free(&leftovers);
    lima_strv_free(&names);
}

/* Reads the index and puts all right; `w` may be freed in any case. */
static bool settle(work *w, lima_err *err)
{
    const hyperv_vm_steps *vm = w->stepper.vm;

    if (!vm->exists(vm->context, &w->vm, err) || !read_again(w, err) || !recover(w, err))
        return false;
    if (w->vm)
        return true;
    if (!follow_folder(w, err) || !tidy(w, err))
        return false;
    clear_leftovers(w);
    return true;
}

static work new_work(const lima_instance *inst, const hyperv_vm_steps *vm, lima_wake *wake)
{
    return (work){.stepper = {.inst = inst, .vm = vm, .wake = wake, .merges = true}};
}

bool lima_hyperv_snapshots_settle(const lima_instance *inst, const hyperv_vm_steps *vm, lima_wake *wake,
                                  lima_err *err)
{
    work w = new_work(inst, vm, wake);
    bool ok = settle(&w, err) || lima_err_wrap(err, "snapshots");

    work_free(&w);
    return ok;
}

/* ---- create ---- */

static bool has_guest_state(const lima_instance *inst)
{
    lima_file_info info = {0};
    char *path = lima_instance_path(inst, HYPERV_GUEST_STATE_FILE);
    bool there = lima_file_stat(path, true, &info, NULL) && info.kind == LIMA_FILE_REGULAR;

    free(path);
    return there;
}

static bool plan_create(work *w, const char *tag, lima_err *err)
{
    const lima_instance *inst = w->stepper.inst;
    lima_virtdisk disk = {0};
    char *path = lima_instance_path(inst, HYPERV_DISK_FILE);
    bool ok = lima_hyperv_disk_check_whole(path, w->stepper.wake, &disk, err);

    if (ok) {
        hyperv_snapshot_wish wish = {.tag = tag,
                                     .kind = w->vm ? HYPERV_SNAPSHOT_LIVE : HYPERV_SNAPSHOT_DISK,
                                     .created = (int64_t)time(NULL),
                                     .disk_size = disk.physical_size,
                                     .state_size = w->vm ? inst->memory : 0,
                                     .guest_state = has_guest_state(inst)};
        ok = lima_hyperv_snapshot_create(&w->index, &wish, &w->plan, err);
    }
    lima_virtdisk_free(&disk);
    free(path);
    return ok;
}

/* Without the caller's wake: what it cancels is to be as before. */
static void take_back(work *w)
{
    lima_err err = {0};

    w->stepper.wake = NULL;
    if (!read_again(w, &err)
        || (lima_hyperv_snapshot_recover(&w->index, &w->plan)
            && !lima_hyperv_plan_run(&w->stepper, &w->plan, &err)))
        lima_log_warn(
            "instance '%s': after the failed operation on its snapshots: %s; the next one, or the next "
            "start, tries again",
            w->stepper.inst->name, err.text);
}

static bool run_or_take_back(work *w, lima_err *err)
{
    if (run(w, err))
        return true;
    take_back(w);
    return false;
}

static bool create(work *w, const char *tag, lima_err *err)
{
    if (!settle(w, err) || (w->vm && !lima_hyperv_snapshot_check_saveable(w->stepper.inst, err)))
        return false;
    if (!w->index.len) {
        free(w->index.folder);
        w->index.folder = lima_mem_strdup(w->stepper.inst->dir);
    }
    return plan_create(w, tag, err) && run_or_take_back(w, err);
}

bool lima_hyperv_snapshots_create(const lima_instance *inst, const hyperv_vm_steps *vm, const char *tag,
                                  lima_wake *wake, lima_err *err)
{
    work w = new_work(inst, vm, wake);
    bool ok = create(&w, tag, err);

    work_free(&w);
    return ok;
}

/* ---- apply ---- */

static bool check_disk(const work *w, const hyperv_snapshot *wanted, lima_err *err)
{
    lima_virtdisk disk = {0};
    char *name = lima_hyperv_snapshot_name(wanted->file, "vhdx"),
         *path = lima_instance_path(w->stepper.inst, name);
    bool ok = lima_hyperv_disk_check_whole(path, w->stepper.wake, &disk, err);

    lima_virtdisk_free(&disk);
    free(path);
    free(name);
    return ok;
}

static bool end_vm(const work *w, const hyperv_snapshot *wanted, lima_err *err)
{
    const hyperv_vm_steps *vm = w->stepper.vm;

    return lima_hyperv_snapshot_check_goes_on(w->stepper.inst, wanted, err) && vm->end(vm->context, err);
}

static bool go_on(work *w, lima_err *err)
{
    static const hyperv_step start = {.kind = HYPERV_STEP_VM_START};

    if (!lima_hyperv_step_run(&w->stepper, &start, err))
        return lima_err_wrap(err, "the snapshot was applied, but the VM does not go on; start it again");
    return lima_hyperv_snapshots_boot(w->stepper.inst, err);
}

static bool apply(work *w, const char *tag, lima_err *err)
{
    if (!settle(w, err) || !lima_hyperv_snapshot_apply(&w->index, tag, &w->plan, err))
        return false;
    const hyperv_snapshot *wanted = lima_hyperv_index_find(&w->index, tag);
    if (!check_disk(w, wanted, err) || (w->vm && !end_vm(w, wanted, err)) || !run_or_take_back(w, err))
        return false;
    return w->vm ? go_on(w, err) : lima_hyperv_snapshots_boot(w->stepper.inst, err);
}

bool lima_hyperv_snapshots_apply(const lima_instance *inst, const hyperv_vm_steps *vm, const char *tag,
                                 lima_wake *wake, lima_err *err)
{
    work w = new_work(inst, vm, wake);
    bool ok = apply(&w, tag, err);

    work_free(&w);
    return ok;
}

/* ---- remove ---- */

/* Files that the running VM still holds are cleared away later. */
static bool remove_later(work *w, const char *tag, lima_err *err)
{
    lima_err why = {0};

    if (!lima_hyperv_snapshot_remove_later(&w->index, tag, &w->plan, err))
        return false;
    if (run(w, &why))
        return true;
    if (read_again(w, err) && !lima_hyperv_index_find(&w->index, tag)) {
        lima_log_info("instance '%s': leftovers of snapshot '%s': %s", w->stepper.inst->name, tag, why.text);
        return true;
    }
    if (err)
        *err = why;
    return false;
}

static bool remove_one(work *w, const char *tag, lima_err *err)
{
    if (!settle(w, err))
        return false;
    if (w->vm)
        return remove_later(w, tag, err);
    return lima_hyperv_snapshot_remove(&w->index, tag, &w->plan, err) && check_merges(w, err) && run(w, err)
           && tidy(w, err);
}

bool lima_hyperv_snapshots_remove(const lima_instance *inst, const hyperv_vm_steps *vm, const char *tag,
                                  lima_wake *wake, lima_err *err)
{
    work w = new_work(inst, vm, wake);
    bool ok = remove_one(&w, tag, err);

    work_free(&w);
    return ok;
}
