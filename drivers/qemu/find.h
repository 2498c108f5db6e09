/* Which QEMU, if any, runs this instance now. Asked from the system each time, never remembered (design
 * 3.4). */
#pragma once

#include <stdbool.h>

#include "driver/driver.h"
#include "os/clock.h"
#include "os/process.h"
#include "qemu/record.h"

typedef enum qemu_found_kind {
    QEMU_FOUND_NONE = 0,
    QEMU_FOUND_RUNNING,
    QEMU_FOUND_UNCLEAR, /* something answers as a VM would, but does not say who it is, or may not be asked; `why` */
} qemu_found_kind;

typedef struct qemu_found {
    qemu_found_kind kind;
    lima_process_id id; /* {0} when only the control socket knows the VM */
    qemu_record record; /* of the last VM or start, {0} when there is none; owned */
    char why[256];
} qemu_found;

/* Looks for the recorded process (pid and start time). Without it: for a control socket that answers with
 * this instance's name, its pid from <vmType>.pid. So neither a recycled pid nor another program's socket
 * is taken for the VM. Never fails. */
void lima_qemu_find(const lima_instance *inst, lima_deadline deadline, qemu_found *ret);
void lima_qemu_found_free(qemu_found *found);

/* The path of <vmType>.pid, which limactl reads too. Owned. */
char *lima_qemu_pid_file(const lima_instance *inst);
