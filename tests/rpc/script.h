/* Inside of the scripted driver: what scripted.c is told and scripted_table.c does. */
#pragma once

#include "scripted.h"

#include "base/buf.h"
#include "os/clock.h"

enum { SCRIPT_LOOK_MS = 2, SCRIPT_CALLBACKS_MAX = 32 };

typedef struct script_callback {
    const char *name;
    unsigned entered;
    bool blocked, deaf;
    lima_code fail;
    const char *text;
} script_callback;

/* All of it is guarded by the monitor. */
extern struct script {
    lima_monitor *monitor;
    script_callback callbacks[SCRIPT_CALLBACKS_MAX];
    size_t count;
    lima_buf log;
    unsigned changing;
    lima_vm_state vm;
    const char *failure;
    uint32_t grace;
    const char *violation;
} script;

/* ---- under the monitor ---- */

/* A callback is entered: notes that, waits while it is blocked, fails if it is to fail. `call` may be
 * NULL. */
bool script_pass(const char *name, lima_call *call, lima_err *err);
void script_violate(const char *what); /* the library has broken a promise; the first one counts */
