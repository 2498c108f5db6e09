/* How it works: the index is the only witness. An operation that is taken back when it breaks off (create)
 * writes into the index what it is about to make; one that is finished (apply, remove, and create once the
 * VM's memory is saved) writes that it has begun, after all that can fail for lack of room was made under
 * other names. From then on the steps to the end are the same for the first time and for a repetition: each
 * sees for itself whether it is done.
 *
 * A disk is put aside by renaming it, and its child takes the place: paths in the VM's document never
 * change. */
#include "hyperv/snapshot_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "driver/snapshot.h"
#include "hyperv/snapshot_edit.h"

/* ---- plans ---- */

void lima_hyperv_plan_free(hyperv_plan *plan)
{
    for (size_t i = 0; i < plan->len; i++) {
        free(plan->items[i].from);
        free(plan->items[i].to);
        free(plan->items[i].text);
    }
    free(plan->items);
    *plan = (hyperv_plan){0};
}

static void add(hyperv_plan *plan, hyperv_step_kind kind, const char *from, const char *to)
{
    plan->items = lima_mem_resize(plan->items, plan->len + 1, sizeof *plan->items);
    plan->items[plan->len++] =
        (hyperv_step){.kind = kind, .from = lima_mem_strdup(from), .to = lima_mem_strdup(to)};
}

static void add_index(hyperv_plan *plan, const hyperv_snapshot_index *index)
{
    add(plan, HYPERV_STEP_INDEX, NULL, HYPERV_INDEX_FILE);
    plan->items[plan->len - 1].text = lima_hyperv_index_print(index);
}

/* A step between a file of the snapshot and another one. `file` may be either. */
static void add_to(hyperv_plan *plan, hyperv_step_kind kind, const char *from, const char *file,
                   const char *end)
{
    char *to = lima_hyperv_snapshot_name(file, end);
    add(plan, kind, from, to);
    free(to);
}

static void add_from(hyperv_plan *plan, hyperv_step_kind kind, const char *file, const char *end,
                     const char *to)
{
    char *from = lima_hyperv_snapshot_name(file, end);
    add(plan, kind, from, to);
    free(from);
}

/* What a snapshot has besides its disk. */
static void remove_states(hyperv_plan *plan, const char *file)
{
    add_to(plan, HYPERV_STEP_REMOVE, NULL, file, "vmgs");
    add_to(plan, HYPERV_STEP_REMOVE, NULL, file, "vmrs");
    add_to(plan, HYPERV_STEP_REMOVE, NULL, file, "json");
}

static bool check_idle(const hyperv_snapshot_index *index, lima_err *err)
{
    return index->op == HYPERV_OP_NONE
           || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                           "an operation on snapshots was broken off and has to be finished first");
}

/* ---- create ---- */

/* The disk of before is gone from its place only as long as the VM does not exist, so nobody misses it. */
static void make_files(const hyperv_snapshot *made, hyperv_plan *plan)
{
    if (made->kind == HYPERV_SNAPSHOT_LIVE)
        add_to(plan, HYPERV_STEP_COPY, HYPERV_DOCUMENT_FILE, made->file, "json");
    if (made->guest_state)
        add_to(plan, HYPERV_STEP_COPY, HYPERV_GUEST_STATE_FILE, made->file, "vmgs");
    add_to(plan, HYPERV_STEP_MOVE, HYPERV_DISK_FILE, made->file, "vhdx");
    add_from(plan, HYPERV_STEP_CHILD, made->file, "vhdx", HYPERV_NEW_DISK_FILE);
    add(plan, HYPERV_STEP_MOVE, HYPERV_NEW_DISK_FILE, HYPERV_DISK_FILE);
}

/* While the VM is paused it can still go on; once its memory is saved, the way leads forward. */
static void save_vm(hyperv_snapshot_index *begun, hyperv_plan *plan)
{
    add(plan, HYPERV_STEP_VM_PAUSE, NULL, NULL);
    add_to(plan, HYPERV_STEP_VM_SAVE, NULL, begun->made.file, "vmrs");
    begun->forward = true;
    add_index(plan, begun);
    add(plan, HYPERV_STEP_VM_END, NULL, NULL);
}

static bool check_wish(const hyperv_snapshot_index *index, const hyperv_snapshot_wish *wish, lima_err *err)
{
    if (!lima_snapshot_check_tag(wish->tag, err) || !check_idle(index, err))
        return false;
    if (lima_hyperv_index_find(index, wish->tag))
        return lima_err_set(err, LIMA_CODE_ALREADY_EXISTS,
                            "there is a snapshot '%s' already; delete it, or take another name", wish->tag);
    return index->len < HYPERV_SNAPSHOTS_MAX
           || lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED,
                           "there are %d snapshots, and no more are possible; delete some",
                           HYPERV_SNAPSHOTS_MAX);
}

bool lima_hyperv_snapshot_create(const hyperv_snapshot_index *index, const hyperv_snapshot_wish *wish,
                                 hyperv_plan *ret, lima_err *err)
{
    if (!check_wish(index, wish, err))
        return false;
    hyperv_snapshot_index begun = {0}, after = {0};
    bool live = wish->kind == HYPERV_SNAPSHOT_LIVE;
    lima_hyperv_edit_begin_create(index, wish, &begun);
    add_index(ret, &begun);
    if (live)
        save_vm(&begun, ret);
    make_files(&begun.made, ret);
    lima_hyperv_edit_end_create(&begun, &after);
    add_index(ret, &after);
    if (live) {
        add(ret, HYPERV_STEP_VM_START, NULL, NULL);
        lima_hyperv_snapshot_resumed(&after, ret);
    }
    lima_hyperv_index_free(&after);
    lima_hyperv_index_free(&begun);
    return true;
}

static void finish_create(const hyperv_snapshot_index *index, hyperv_plan *plan)
{
    hyperv_snapshot_index after = {0};

    add(plan, HYPERV_STEP_VM_END, NULL, NULL);
    make_files(&index->made, plan);
    add(plan, HYPERV_STEP_REMOVE, NULL, HYPERV_NEW_DISK_FILE);
    lima_hyperv_edit_end_create(index, &after);
    add_index(plan, &after);
    lima_hyperv_index_free(&after);
}

/* The disk comes back over its child, on which no VM has run yet. */
static void take_back_create(const hyperv_snapshot_index *index, hyperv_plan *plan)
{
    hyperv_snapshot_index before = {0};

    add_from(plan, HYPERV_STEP_REPLACE, index->made.file, "vhdx", HYPERV_DISK_FILE);
    add(plan, HYPERV_STEP_REMOVE, NULL, HYPERV_NEW_DISK_FILE);
    remove_states(plan, index->made.file);
    if (index->made.kind == HYPERV_SNAPSHOT_LIVE)
        add(plan, HYPERV_STEP_VM_RESUME, NULL, NULL);
    lima_hyperv_edit_end(index, &before);
    add_index(plan, &before);
    lima_hyperv_index_free(&before);
}

/* ---- apply ---- */

static void finish_apply(const hyperv_snapshot_index *begun, hyperv_plan *plan)
{
    hyperv_snapshot_index after = {0};

    add(plan, HYPERV_STEP_REPLACE, HYPERV_NEW_DISK_FILE, HYPERV_DISK_FILE);
    if (lima_hyperv_index_at(begun, begun->op_file)->guest_state)
        add(plan, HYPERV_STEP_REPLACE, HYPERV_NEW_GUEST_STATE_FILE, HYPERV_GUEST_STATE_FILE);
    else
        add(plan, HYPERV_STEP_REMOVE, NULL, HYPERV_GUEST_STATE_FILE);
    lima_hyperv_edit_end(begun, &after);
    add_index(plan, &after);
    lima_hyperv_index_free(&after);
}

static const hyperv_snapshot *find(const hyperv_snapshot_index *index, const char *tag, lima_err *err)
{
    const hyperv_snapshot *found = lima_hyperv_index_find(index, tag);
    if (!found)
        lima_err_set(err, LIMA_CODE_NOT_FOUND, "there is no snapshot '%.128s'", tag);
    return found;
}

bool lima_hyperv_snapshot_apply(const hyperv_snapshot_index *index, const char *tag, hyperv_plan *ret,
                                lima_err *err)
{
    const hyperv_snapshot *wanted = check_idle(index, err) ? find(index, tag, err) : NULL;
    hyperv_snapshot_index begun = {0};

    if (!wanted)
        return false;
    add_from(ret, HYPERV_STEP_CHILD, wanted->file, "vhdx", HYPERV_NEW_DISK_FILE);
    if (wanted->guest_state)
        add_from(ret, HYPERV_STEP_COPY, wanted->file, "vmgs", HYPERV_NEW_GUEST_STATE_FILE);
    lima_hyperv_edit_begin_apply(index, wanted, &begun);
    add_index(ret, &begun);
    finish_apply(&begun, ret);
    lima_hyperv_index_free(&begun);
    return true;
}

/* ---- remove ---- */

/* Children of the merged disk know it by an identity that it has no longer. */
static void reparent_children(const hyperv_snapshot_index *index, const char *file, hyperv_plan *plan)
{
    char *parent = lima_hyperv_snapshot_name(file, "vhdx");

    for (size_t i = 0; i < index->len; i++)
        if (lima_str_eq(index->items[i].parent, file))
            add_to(plan, HYPERV_STEP_PARENT, parent, index->items[i].file, "vhdx");
    if (lima_str_eq(index->current, file))
        add(plan, HYPERV_STEP_PARENT, parent, HYPERV_DISK_FILE);
    free(parent);
}

/* The child's content goes into the disk of the snapshot, which then takes the child's place. */
static void finish_merge(const hyperv_snapshot_index *begun, hyperv_plan *plan)
{
    const hyperv_snapshot *child = lima_hyperv_edit_only_child(begun, begun->op_file);
    char *disk = child ? lima_hyperv_snapshot_name(child->file, "vhdx") : lima_mem_strdup(HYPERV_DISK_FILE);
    hyperv_snapshot_index after = {0};

    add_to(plan, HYPERV_STEP_MERGE, disk, begun->op_file, "vhdx");
    add_from(plan, HYPERV_STEP_REPLACE, begun->op_file, "vhdx", disk);
    if (child)
        reparent_children(begun, child->file, plan);
    lima_hyperv_edit_drop(begun, begun->op_file, &after);
    add_index(plan, &after);
    remove_states(plan, begun->op_file);
    lima_hyperv_index_free(&after);
    free(disk);
}

static void merge(const hyperv_snapshot_index *index, const hyperv_snapshot *gone, hyperv_plan *plan)
{
    hyperv_snapshot_index begun = {0};

    lima_hyperv_edit_begin_remove(index, gone, &begun);
    add_index(plan, &begun);
    finish_merge(&begun, plan);
    lima_hyperv_index_free(&begun);
}

/* Files that no index knows are leftovers, so the index comes first. */
static void forget(const hyperv_snapshot_index *index, const hyperv_snapshot *gone, bool hide,
                   hyperv_plan *plan)
{
    hyperv_snapshot_index after = {0};

    if (hide)
        lima_hyperv_edit_hide(index, gone->file, &after);
    else
        lima_hyperv_edit_drop(index, gone->file, &after);
    add_index(plan, &after);
    if (!hide)
        add_to(plan, HYPERV_STEP_REMOVE, NULL, gone->file, "vhdx");
    remove_states(plan, gone->file);
    lima_hyperv_index_free(&after);
}

static void remove_one(const hyperv_snapshot_index *index, const hyperv_snapshot *gone, hyperv_plan *plan)
{
    size_t children = lima_hyperv_index_children(index, gone->file);

    if (children == 1)
        merge(index, gone, plan);
    else
        forget(index, gone, children > 1, plan);
}

static const hyperv_snapshot *find_removable(const hyperv_snapshot_index *index, const char *tag,
                                             lima_err *err)
{
    const hyperv_snapshot *gone = check_idle(index, err) ? find(index, tag, err) : NULL;

    if (!gone || !index->resume || !lima_str_eq(index->resume, gone->file))
        return gone;
    lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                 "the instance is going to start from the memory of snapshot '%s'; start it, or apply "
                 "another snapshot, before this one is deleted",
                 tag);
    return NULL;
}

bool lima_hyperv_snapshot_remove(const hyperv_snapshot_index *index, const char *tag, hyperv_plan *ret,
                                 lima_err *err)
{
    const hyperv_snapshot *gone = find_removable(index, tag, err);

    if (gone)
        remove_one(index, gone, ret);
    return gone != NULL;
}

bool lima_hyperv_snapshot_remove_later(const hyperv_snapshot_index *index, const char *tag, hyperv_plan *ret,
                                       lima_err *err)
{
    const hyperv_snapshot *gone = find_removable(index, tag, err);

    if (gone)
        forget(index, gone, lima_hyperv_index_children(index, gone->file) > 0, ret);
    return gone != NULL;
}

bool lima_hyperv_snapshot_tidy(const hyperv_snapshot_index *index, hyperv_plan *ret)
{
    for (size_t i = 0; i < index->len && index->op == HYPERV_OP_NONE; i++) {
        const hyperv_snapshot *one = &index->items[i];
        if (lima_str_empty(one->tag) && lima_hyperv_index_children(index, one->file) <= 1) {
            remove_one(index, one, ret);
            return true;
        }
    }
    return false;
}

/* ---- afterwards ---- */

bool lima_hyperv_snapshot_recover(const hyperv_snapshot_index *index, hyperv_plan *ret)
{
    hyperv_snapshot_index begun = {0};

    lima_hyperv_index_copy(index, &begun);
    switch (begun.op) {
    case HYPERV_OP_NONE:
        break;
    case HYPERV_OP_CREATE:
        (begun.forward ? finish_create : take_back_create)(&begun, ret);
        break;
    case HYPERV_OP_APPLY:
        finish_apply(&begun, ret);
        break;
    case HYPERV_OP_REMOVE:
        finish_merge(&begun, ret);
        break;
    }
    lima_hyperv_index_free(&begun);
    return index->op != HYPERV_OP_NONE;
}

void lima_hyperv_snapshot_resumed(const hyperv_snapshot_index *index, hyperv_plan *ret)
{
    hyperv_snapshot_index after = {0};

    lima_hyperv_edit_resumed(index, &after);
    add_index(ret, &after);
    lima_hyperv_index_free(&after);
}

/* Each disk is told its parent once more, then the index says where it is. */
bool lima_hyperv_snapshot_moved(const hyperv_snapshot_index *index, const char *folder, hyperv_plan *ret)
{
    hyperv_snapshot_index after = {0};

    if (lima_str_eq(index->folder ? index->folder : "", folder) || !index->len)
        return false;
    lima_hyperv_edit_moved(index, folder, &after);
    for (size_t i = 0; i < after.len; i++)
        reparent_children(&after, after.items[i].file, ret);
    add_index(ret, &after);
    for (size_t i = 0; i < after.len; i++) {
        add_to(ret, HYPERV_STEP_REMOVE, NULL, after.items[i].file, "vmrs");
        add_to(ret, HYPERV_STEP_REMOVE, NULL, after.items[i].file, "json");
    }
    lima_hyperv_index_free(&after);
    return true;
}
