/* Carries out the steps of a plan (snapshot_plan.h) in an instance's folder. */
#pragma once

#include "hyperv/snapshot_plan.h"
#include "hyperv/snapshots.h"
#include "win/virtdisk.h"

typedef struct hyperv_stepper {
    const lima_instance *inst;
    const hyperv_vm_steps *vm;
    lima_wake *wake; /* NULL: it is seen through */
    /* A parent may have another identity than its child expects, since it is a merge that made it so. Else
     * that means that somebody has changed it. */
    bool merges;
} hyperv_stepper;

bool lima_hyperv_step_run(const hyperv_stepper *stepper, const hyperv_step *step, lima_err *err);
/* Ends with the first one that fails. */
bool lima_hyperv_plan_run(const hyperv_stepper *stepper, const hyperv_plan *plan, lima_err *err);

/* An instance without the file has no snapshots. */
bool lima_hyperv_index_read(const lima_instance *inst, hyperv_snapshot_index *ret, lima_err *err);
/* FAILED_PRECONDITION, naming it, if a disk that `path` stands on is missing or was changed. */
bool lima_hyperv_disk_check_whole(const char *path, lima_wake *wake, lima_virtdisk *ret, lima_err *err);
