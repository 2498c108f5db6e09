/* Threads, monitors (a mutex with its condition), and the wake: a flag that ends blocking waits.
 * Monitors and wakes are as available as memory (base/mem.h): creation does not fail. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "os/clock.h"

/* `name` shows in debuggers (15 bytes are kept). Every started thread must be joined. RESOURCE_EXHAUSTED. */
typedef struct lima_thread lima_thread;
bool lima_thread_start(const char *name, void (*run)(void *arg), void *arg, lima_thread **ret_thread,
                       lima_err *err);
void lima_thread_join(lima_thread *thread); /* waits for the end and frees; NULL does nothing */

/* A mutex, not recursive, and one condition. */
typedef struct lima_monitor lima_monitor;
lima_monitor *lima_monitor_new(void);
void lima_monitor_enter(lima_monitor *monitor);
void lima_monitor_leave(lima_monitor *monitor);
/* Inside: waits for a notification. May return early: test your condition in a loop. False: the deadline has
 * passed. */
bool lima_monitor_wait(lima_monitor *monitor, lima_deadline deadline);
void lima_monitor_notify(lima_monitor *monitor); /* inside: wakes all who wait */
void lima_monitor_free(lima_monitor *monitor);   /* NULL does nothing */

/* A wake is raised once and stays raised. Blocking waits of this contract (stream, listener, process) take an
 * optional wake and end at once with CANCELLED when it is, or gets, raised. Any thread may raise, a signal
 * handler too; one wake may serve many waits at once. Out of handles a wake still works, but its waits notice
 * it some milliseconds later. */
typedef struct lima_wake lima_wake;
lima_wake *lima_wake_new(void);
void lima_wake_raise(lima_wake *wake);
/* True: raised; false: the deadline has passed (0: just looks). A NULL wake is never raised: this is how to
 * sleep. */
bool lima_wake_wait(lima_wake *wake, lima_deadline deadline);
void lima_wake_free(lima_wake *wake); /* nobody may wait on it any more; NULL does nothing */
