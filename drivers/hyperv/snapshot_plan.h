/* Operations on snapshots as lists of steps that somebody else carries out, one after the other.
 *
 * A plan may be broken off before, in or after any of its steps. lima_hyperv_snapshot_recover then says, from
 * the index alone, how the instance becomes what it was before or what it was to become; it may be broken off
 * itself and asked for again. So each step is one that may be repeated; what "done already" means is said at
 * each kind.
 *
 * All but the steps with VM in their name want that no VM of the instance exists. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/driver.h"
#include "hyperv/snapshot_index.h"

typedef enum hyperv_step_kind {
    HYPERV_STEP_INDEX = 0, /* replaces the index by `text`, in one instant */
    HYPERV_STEP_COPY,      /* `from` to `to`, which appears in one instant; if `from` is not there: nothing */
    HYPERV_STEP_MOVE,      /* renames `from` to `to`, unless `to` is there: then it is done */
    HYPERV_STEP_REPLACE,   /* renames `from` over `to`, if `from` is there: else it is done */
    HYPERV_STEP_REMOVE,    /* `to`, if it is there */
    HYPERV_STEP_CHILD,     /* makes the disk `to`, a child of `from`; what was at `to` goes first */
    /* Writes all of the disk `from` into its parent `to`, grown to its size first. `from` stays. Done if `to`
     * is not there. Broken off, `to` has another identity than `from` expects: make it the parent again, then
     * repeat. */
    HYPERV_STEP_MERGE,
    HYPERV_STEP_PARENT,    /* makes `from` the parent of the disk `to`, with its identity */
    HYPERV_STEP_VM_PAUSE,  /* the running VM */
    HYPERV_STEP_VM_SAVE,   /* the paused VM, into the new file `to`; what was at `to` goes first */
    HYPERV_STEP_VM_END,    /* ends the VM, if there is one */
    HYPERV_STEP_VM_RESUME, /* the paused VM goes on, if there is one */
    HYPERV_STEP_VM_START,  /* from the document and the memory of the snapshot that index.resume names */
} hyperv_step_kind;

/* Names of files in INSTDIR. Strings are owned; NULL where a kind has none. */
typedef struct hyperv_step {
    hyperv_step_kind kind;
    char *from, *to, *text;
} hyperv_step;

/* {0} is empty and freeable. */
typedef struct hyperv_plan {
    hyperv_step *items; /* owned */
    size_t len;
} hyperv_plan;

void lima_hyperv_plan_free(hyperv_plan *plan);

typedef struct hyperv_snapshot_wish {
    const char *tag;
    hyperv_snapshot_kind kind; /* LIVE: of the running VM, which then runs again */
    int64_t created;
    uint64_t disk_size, state_size; /* bytes, as far as known */
    bool guest_state;               /* the instance has a .vmgs */
} hyperv_snapshot_wish;

/* INVALID_ARGUMENT: no tag; ALREADY_EXISTS; RESOURCE_EXHAUSTED: too many; FAILED_PRECONDITION: recover
 * first. */
bool lima_hyperv_snapshot_create(const hyperv_snapshot_index *index, const hyperv_snapshot_wish *wish,
                                 hyperv_plan *ret, lima_err *err);
/* The disk in use is given up, as limactl's users expect. A live one is gone on from if the VM runs. */
bool lima_hyperv_snapshot_apply(const hyperv_snapshot_index *index, const char *tag, hyperv_plan *ret,
                                lima_err *err);
/* The disk of a snapshot on which one other stands is merged with it; on which several stand it stays,
 * hidden. */
bool lima_hyperv_snapshot_remove(const hyperv_snapshot_index *index, const char *tag, hyperv_plan *ret,
                                 lima_err *err);
/* While the VM runs: without a merge. What it needs is hidden, for tidy. */
bool lima_hyperv_snapshot_remove_later(const hyperv_snapshot_index *index, const char *tag, hyperv_plan *ret,
                                       lima_err *err);
/* After a remove or apply: a hidden disk that is not needed any more. False: none; ask again until then. */
bool lima_hyperv_snapshot_tidy(const hyperv_snapshot_index *index, hyperv_plan *ret);
/* What an operation that was broken off left. False: nothing is under way. */
bool lima_hyperv_snapshot_recover(const hyperv_snapshot_index *index, hyperv_plan *ret);
/* The VM goes on from the memory that index.resume names, or will not: the next start boots. */
void lima_hyperv_snapshot_resumed(const hyperv_snapshot_index *index, hyperv_plan *ret);
/* The folder is a copy, or was renamed: disks find their parents again, and memory of another VM is dropped.
 * False: `folder` is the one of the index. */
bool lima_hyperv_snapshot_moved(const hyperv_snapshot_index *index, const char *folder, hyperv_plan *ret);

/* Files of `names` (of INSTDIR) that belong to no snapshot. Nothing may be under way. */
void lima_hyperv_snapshot_leftovers(const hyperv_snapshot_index *index, const lima_strv *names,
                                    lima_strv *ret);
/* disk.vhdx and what it stands on, the first disk last: the VM needs access to all of them. */
void lima_hyperv_snapshot_chain(const hyperv_snapshot_index *index, lima_strv *ret);
/* For limactl: each one before those that stand on it, brothers by age. Hidden ones are left out. */
void lima_hyperv_snapshot_list(const hyperv_snapshot_index *index, lima_snapshot_list *ret);
