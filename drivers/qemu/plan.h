/* A start made ready: everything the driver finds out and takes hold of before QEMU is run. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/driver.h"
#include "os/thread.h"
#include "qemu/disk.h"
#include "qemu/extra_disks.h"
#include "qemu/settings.h"

typedef struct qemu_plan {
    qemu_settings settings;
    qemu_extra_disks extra_disks; /* locked, until lima_qemu_plan_undo or the end of the VM */
    lima_strv argv;
} qemu_plan;

/* Finds the program, asks it what it can do, tries the accelerator, looks at disks and firmware, locks
 * additional disks, builds the command line. Errors name what is missing and what to do. Nothing stays
 * locked on failure. */
bool lima_qemu_plan_make(const lima_instance *inst, lima_generation generation, lima_wake *wake,
                         qemu_plan *ret, lima_err *err);
void lima_qemu_plan_undo(const lima_instance *inst, qemu_plan *plan); /* unlocks */
void lima_qemu_plan_free(qemu_plan *plan);

/* Asks the program ahead of time, so that a start finds the answers. Failures are the start's to report. */
void lima_qemu_plan_warm_up(const lima_instance *inst, lima_wake *wake);
