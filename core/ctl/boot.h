/* The driver's part of limadrv run: the calls limactl makes for start, stop and delete, in its order (facts:
 * lima-driver-contract 3.4). */
#pragma once

#include "connect.h"
#include "machine.h"
#include "phase.h"

typedef struct lima_boot {
    const lima_machine *machine; /* borrowed */
    lima_phase *phase;           /* borrowed */
    lima_wake *wake;             /* borrowed */
    lima_connection connection;
    lima_start_stream *stream;
    char *address; /* owned; of SSH */
    bool started;  /* the VM may run: stop it */
    bool ready;    /* the guest was reached */
    bool ended;    /* the VM is known to be gone */
} lima_boot;

/* From the driver's start to a VM that runs. On failure lima_boot_end still cleans up. */
bool lima_boot_start(lima_boot *boot, lima_err *err);
/* Looks at the Start stream for up to `ms`: false when the VM has ended, with the driver's reason. */
bool lima_boot_watch(lima_boot *boot, uint64_t ms, lima_err *err);
/* Stops the VM, tells the driver to forget a machine that is not kept, and ends the driver. The first failure
 * is reported, the rest still done. */
bool lima_boot_end(lima_boot *boot, lima_err *err);
