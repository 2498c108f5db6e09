/* Additional disks: LIMA_HOME/_disks/NAME/datadisk, locked by a symbolic link in_use_by to the instance's
 * folder (facts: lima-driver-contract 5). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/instance.h"
#include "os/thread.h"
#include "qemu/settings.h"

typedef struct qemu_extra_disks {
    qemu_disk *items; /* owned; in the order of additionalDisks, which fixes their names in the guest */
    size_t len;
    lima_strv locks; /* paths of the links that are ours */
} qemu_extra_disks;

/* Checks and locks all of the instance's additional disks, or none. NOT_FOUND: no such disk.
 * FAILED_PRECONDITION: in use by another instance. A lock of an instance that does not exist any more is
 * taken over, with a warning. */
bool lima_qemu_extra_disks_take(const lima_instance *inst, lima_wake *wake, qemu_extra_disks *ret,
                                lima_err *err);
/* Removes those of the links that still point to this instance. */
void lima_qemu_extra_disks_unlock(const lima_instance *inst, const lima_strv *locks);
void lima_qemu_extra_disks_free(qemu_extra_disks *disks); /* the list; locks stay */
