/* core/driver in a test: one control over the scripted driver, in a private folder, and calls to it in
 * threads. */
#pragma once

#include "lima_test.h"

#include "../rpc/scripted.h"
#include "driver/call.h"
#include "driver/control.h"

/* Of the running test. */
extern struct fixture {
    char *folder;
    lima_control *control;
} fixture;

/* The tear-down fails when the scripted driver complains. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* "dev" in the folder; `extra`: more keys, with a comma first. */
lima_instance *make_instance(const char *extra);

typedef bool method(lima_call *call, lima_err *err);

bool call_now(method *run, lima_err *err); /* in this thread */

/* A call in a thread of its own. `run` NULL: Start. */
typedef struct runner {
    lima_thread *thread;
    lima_call *call;
    method *run;
    lima_monitor *monitor; /* guards messages */
    char messages[512];    /* of Start: "success" or "failed TEXT", with a line end each */
    bool ok;
    lima_err err;
} runner;

void begin(runner *r, method *run);
void begin_blocked(runner *r, method *run, const char *callback); /* until it waits in that callback */
void begin_session(runner *r, lima_generation generation);        /* Start, until the VM runs */
void end(runner *r); /* waits for it, and frees what it held; results stay readable */

void await_queue(unsigned len);        /* until so many calls are in the control's queue */
void assert_log(const char *expected); /* scripted_log */
void assert_lock_free(void);           /* nobody holds the lock of the instance's VM */
