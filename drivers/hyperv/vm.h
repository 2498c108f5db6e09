/* One instance's VM, as this process of the driver knows it: what is behind lima_call_state. What is true of
 * the VM is asked anew each time (look.h); this only holds what this process has in hand. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/guid.h"
#include "base/ipv4.h"
#include "driver/door.h"
#include "driver/driver.h"
#include "hyperv/console.h"
#include "hyperv/network_plan.h"
#include "hyperv/snapshots.h"
#include "hyperv/sshd.h"
#include "hyperv/usernet.h"
#include "os/thread.h"
#include "win/hcs.h"

/* How long calls of the service may take: questions and small changes; starts and ends; what writes memory. */
enum { HYPERV_CALL_MS = 30000, HYPERV_POWER_MS = 60000, HYPERV_SAVE_MS = 600000 };

/* How the guest of a start is reached. */
typedef struct hyperv_reach {
    char vm_id[LIMA_GUID_SIZE];
    hyperv_network_mode network;  /* never AUTO */
    char address[LIMA_IPV4_SIZE]; /* "" in HVSOCKET */
} hyperv_reach;

typedef struct hyperv_run {
    lima_monitor *monitor;   /* guards what follows */
    lima_hcs_system *system; /* of the last start; NULL: none, or `wait` has it */
    hyperv_console *console;
    lima_door *ssh, *agent;
    hyperv_sshd *sshd;       /* of the door for SSH, in HCN; owned */
    hyperv_usernet *usernet; /* in HVSOCKET */
    hyperv_reach reach;      /* changes while there are no doors */
    bool up;                 /* this process has started it, or taken it over, and knows of no end */
    bool stopping;           /* a stop is under way */
    bool end_wanted;         /* … or was, since the last start */
} hyperv_run;

typedef struct hyperv_state {
    _Atomic(hyperv_run *) run; /* made by the first call that needs it */
} hyperv_state;

hyperv_run *lima_hyperv_run_of(lima_call *call);
void lima_hyperv_state_free(void *state);
/* Doors and console of a VM that is gone; it is not up any more. */
void lima_hyperv_run_close(hyperv_run *run);

bool lima_hyperv_vm_start(lima_call *call, lima_err *err); /* start.c */
bool lima_hyperv_vm_wait(lima_call *call, lima_err *err);  /* vm.c */
/* One that runs and that an earlier process has started: its network and the ways into it are this process's from
 * now on. Nothing to do when it is up already. FAILED_PRECONDITION: it does not run. `ret_adopted` (NULL: nobody asks)
 * becomes true when it was taken over now. adopt.c */
bool lima_hyperv_vm_adopt(lima_call *call, bool *ret_adopted, lima_err *err);
bool lima_hyperv_vm_stop(lima_call *call, uint32_t grace_ms, lima_err *err); /* stop.c */

/* ---- power.c: the VM by its id, whoever has started it ---- */

/* A new VM that does not run yet. Waits a moment for the id of one that has just ended. */
bool lima_hyperv_power_create(const char *vm_id, const char *document, lima_wake *wake, lima_hcs_system **ret,
                              lima_err *err);
/* Starts it; a failure tells how it ended, and it is gone then. */
bool lima_hyperv_power_on(lima_hcs_system *system, lima_wake *wake, lima_err *err);
/* Forces it off; returns when it is gone. Fine when there is none; never another program's. */
bool lima_hyperv_power_off(const char *vm_id, lima_wake *wake, lima_err *err);

/* ---- steps.c: for snapshots ---- */

typedef struct hyperv_steps_context {
    const lima_instance *inst;
    lima_wake *wake;
    char vm_id[LIMA_GUID_SIZE];
} hyperv_steps_context;

/* *ret borrows the context. */
void lima_hyperv_vm_steps(const lima_instance *inst, lima_wake *wake, hyperv_steps_context *context,
                          hyperv_vm_steps *ret);
