/* Internal to core/driver: what is behind lima_call and lima_control. */
#pragma once

#include <stdatomic.h>

#include "driver/control.h"
#include "os/file.h"

/* An instance that many calls look at. */
typedef struct shared_instance {
    atomic_uint refs;
    lima_instance *inst;
} shared_instance;

/* What may be given up for the sake of a later call; bits, so that one such call can name several. */
typedef enum call_kind {
    CALL_CHANGE = 0,
    CALL_START = 1,
    CALL_SETUP_SSH = 2,
    CALL_STOP = 4,
    CALL_ORPHAN = 8, /* no client's: putting down the VM of a Start whose client has gone */
} call_kind;

struct lima_call {
    lima_control *control;
    shared_instance *shared;
    lima_generation generation;
    lima_wake *wake;
    atomic_bool cancelled;
    call_kind kind;
    bool given_up;        /* cancelled for a Stop or Delete, not by its client */
    const char *text;     /* tag or password of a callback that takes one */
    void *ret;            /* result of a callback that has one */
    lima_call *next_live; /* control->live */
    lima_call *next;      /* control->queue */
};

typedef enum session_state {
    SESSION_NONE = 0,
    SESSION_RUNS,
    SESSION_LOST, /* its VM was given up, its client told: all that is left is to look after the VM */
} session_state;

struct lima_control {
    const lima_driver *driver;
    const char *name;
    atomic_uint refs;
    void *state;
    lima_monitor *monitor; /* guards what follows */
    shared_instance *shared;
    lima_call *live;  /* all calls */
    lima_call *queue; /* state-changing ones in order; the first one runs */
    unsigned queue_len;
    session_state session;
    bool hurried, ending, stop_vms;
};

/* A call that is not cancelled for the process's end having begun before it. */
lima_call *lima_call_new_deaf(lima_control *control, lima_generation generation);

typedef bool call_run(lima_call *call, lima_err *err);

/* Runs `run` as the only state-changing callback of the instance; waits for its turn. NULL succeeds. */
bool lima_call_exclusive(lima_call *call, call_kind kind, call_run *run, lima_err *err);
/* A session notices by itself that its VM has gone, a moment after others may have. Waits for its end;
 * `only_lost`: not for one that still runs. Not inside the queue, where an ending session may have to wait for
 * its turn: a Delete gives it up first. */
void lima_call_await_session_end(lima_control *control, bool only_lost);
char *lima_call_vm_lock_path(const lima_call *call); /* INSTDIR/NAME.vm.lock (session.c); owned */
/* Shuts down a VM that a driver process which has died left behind. In the queue; does nothing while this process has a
 * session. FAILED_PRECONDITION: another process watches that VM. */
bool lima_call_clear_leftover(lima_call *call, lima_err *err);
/* Cancels calls of these kinds (bits), running or queued, for the sake of another one. */
void lima_call_give_up(lima_control *control, unsigned kinds);
