/* The VM of one instance, as this process of the driver knows it: the block behind lima_call_state, and
 * what start, wait and stop do.
 *
 * What is true of the VM is asked from the system (find.h); the block only holds what this process has in
 * hand: the child it started, turns on the control socket, the thread that sets up a user-v2 network. A
 * block of zeros is an instance this process has not touched. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "driver/driver.h"
#include "os/process.h"
#include "os/thread.h"
#include "qemu/helper.h"
#include "qemu/monitor.h"
#include "qemu/qmp.h"

enum {
    QEMU_START_MS = 60000, /* until QEMU answers; LIMA_QEMU_START_TIMEOUT (seconds) overrides it */
    /* The power button is pressed again: early in its boot a guest does not see it. */
    QEMU_POWERDOWN_EVERY_MS = 15000,
    QEMU_QUIT_MS = 10000,                /* for QEMU to end when told to, before it is killed */
    QEMU_KILL_MS = 10000,                /* for a killed QEMU to be gone */
    QEMU_INSPECT_MS = 3000,              /* for all questions of one status */
    QEMU_STDERR_BYTES_MAX = 1024 * 1024, /* qemu.stderr.log is emptied when it is longer */
};

#define QEMU_STDERR_FILE "qemu.stderr.log"

typedef struct qemu_state {
    qemu_monitor_slot monitor; /* guards what follows */
    lima_process *process;     /* the QEMU this process has started; NULL: none */
    unsigned waiting;          /* calls inside lima_qemu_vm_wait */
    bool stopping;             /* its end is wanted */
    bool qmp_taken;
    lima_thread *network; /* network_setup.h; NULL: none */
    lima_wake *network_end;
    bool network_busy;        /* the thread has not finished */
    lima_err network_failure; /* code OK while all is well */
} qemu_state;

/* One VM, started: UNAVAILABLE when a port is taken, FAILED_PRECONDITION when a VM runs, DEADLINE_EXCEEDED
 * when QEMU hangs, CANCELLED; otherwise what QEMU said. After a failure nothing runs and nothing is
 * locked. */
bool lima_qemu_vm_start(lima_call *call, lima_err *err);
/* For the end of the VM that this process has started; returns at once when it has started none. Also
 * returns, and the VM runs on, when its user-v2 network cannot be set up: limactl then asks for a stop. */
bool lima_qemu_vm_wait(lima_call *call, lima_err *err);
/* Also for a VM that an earlier process has started; stop.c. */
bool lima_qemu_vm_stop(lima_call *call, uint32_t grace_ms, lima_err *err);
bool lima_qemu_vm_inspect(const lima_instance *inst, lima_vm_status *ret, lima_err *err);
void lima_qemu_state_free(void *state);

/* A time limit as a user may change it: the environment variable's number (from 1) in units, else
 * `otherwise_ms`. */
uint64_t lima_qemu_limit_ms(const char *variable, uint64_t unit_ms, uint64_t otherwise_ms);

/* A turn on the running VM's control socket. FAILED_PRECONDITION: no VM runs. End it with
 * lima_qemu_vm_qmp_done. */
bool lima_qemu_vm_qmp(lima_call *call, lima_deadline deadline, qemu_qmp **ret, lima_err *err);
void lima_qemu_vm_qmp_done(lima_call *call, qemu_qmp *qmp);
