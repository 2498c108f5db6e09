/* Snapshots on the real file system: carries out the plans of snapshot_plan.h (facts: hyperv-hcs 4).
 *
 * Processes: `limactl snapshot` has a driver of its own, beside the one of the host agent that waits for the
 * VM's end. Everything here is done under one lock, which the caller holds; while somebody holds it the VM
 * may be gone for a while without having ended (a live snapshot starts it again, under the same id).
 *
 * What was broken off is finished or taken back by whoever comes next: each function begins with
 * lima_hyperv_snapshots_settle. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "driver/driver.h"
#include "driver/instance.h"
#include "os/file.h"
#include "os/thread.h"

#define HYPERV_LOCK_FILE "hyperv.lock"
/* UNAVAILABLE: an operation on the instance's disks is going on in another process. */
bool lima_hyperv_lock(const lima_instance *inst, lima_deadline deadline, lima_file_lock **ret, lima_err *err);

/* What has to be done with the instance's VM. All set; each bounded by a deadline of its own; paths are
 * absolute. `end` and `resume` are not cancelled: with them an operation that was is taken back. */
typedef struct hyperv_vm_steps {
    void *context;
    /* Whether there is a VM of the instance: running, paused, being started. */
    bool (*exists)(void *context, bool *ret, lima_err *err);
    bool (*pause)(void *context, lima_err *err); /* fine when it is paused */
    /* The paused VM into a new file, which is made and granted by this function. */
    bool (*save)(void *context, const char *state, lima_err *err);
    bool (*end)(void *context, lima_err *err);    /* returns when it is gone; fine when there is none */
    bool (*resume)(void *context, lima_err *err); /* fine when it runs, or when there is none */
    /* From a document (lima_hyperv_document_restore makes it fit) and saved memory. The disk is a new file by
     * now, with parents: access is to be granted again. */
    bool (*start)(void *context, const char *document, const char *state, lima_err *err);
} hyperv_vm_steps;

/* All that has to be right before a start or another operation: what was broken off; a folder that was copied
 * or renamed; disks and files that nobody needs any more. If a VM exists only what it does not disturb. */
bool lima_hyperv_snapshots_settle(const lima_instance *inst, const hyperv_vm_steps *vm, lima_wake *wake,
                                  lima_err *err);

/* Of the running VM with its memory; of a stopped one its disk. ALREADY_EXISTS; FAILED_PRECONDITION: this VM
 * cannot be saved (shares, additional disks): then it has to be stopped first; RESOURCE_EXHAUSTED: no room.
 * On failure all is as before. */
bool lima_hyperv_snapshots_create(const lima_instance *inst, const hyperv_vm_steps *vm, const char *tag,
                                  lima_wake *wake, lima_err *err);
/* FAILED_PRECONDITION: it runs; a disk of the chain is missing or was changed. NOT_FOUND. Both also of
 * remove. */
bool lima_hyperv_snapshots_apply(const lima_instance *inst, const hyperv_vm_steps *vm, const char *tag,
                                 lima_wake *wake, lima_err *err);
/* A merge that was broken off, or did not end in time, is gone on with by the next settle. */
bool lima_hyperv_snapshots_remove(const lima_instance *inst, const hyperv_vm_steps *vm, const char *tag,
                                  lima_wake *wake, lima_err *err);
/* Needs no lock. */
bool lima_hyperv_snapshots_list(const lima_instance *inst, lima_snapshot_list *ret, lima_err *err);

/* The memory that a running VM's apply goes on from: absolute paths, owned; NULL: it boots. {0} is freeable. */
typedef struct hyperv_resume {
    char *document, *state;
} hyperv_resume;
bool lima_hyperv_snapshots_resume(const lima_instance *inst, hyperv_resume *ret, lima_err *err);
void lima_hyperv_resume_free(hyperv_resume *resume);
/* It has, or it will not: what starts next boots. Also before each start by limactl, which waits for a guest that has
 * just booted: one that goes on knows nothing of this start's cidata. */
bool lima_hyperv_snapshots_boot(const lima_instance *inst, lima_err *err);

/* disk.vhdx and the disks that it stands on, as absolute paths. */
bool lima_hyperv_snapshots_chain(const lima_instance *inst, lima_strv *ret, lima_err *err);
