/* A driver whose callbacks do what a test tells them, and that is strict about what it is owed:
 * state-changing callbacks of an instance one at a time, start only when nothing runs, tags that were
 * checked. One VM per process: a flag. */
#pragma once

#include <stdbool.h>

#include "driver/driver.h"

enum { SCRIPTED_PATIENCE_MS = 60000 }; /* of waits that must succeed */

extern const lima_driver scripted_driver;      /* all groups */
extern const lima_driver scripted_bare_driver; /* no groups, only what must be set */

void scripted_reset(void);
/* The next calls of that callback wait until released, or (unless deaf) until their wake is raised, which
 * makes them fail with CANCELLED. */
void scripted_block(const char *callback);
void scripted_block_deaf(const char *callback);
void scripted_release(const char *callback);
void scripted_fail(const char *callback, lima_code code, const char *text); /* from now on; OK: no more */
/* Until it was entered so often since reset; fails the test when that takes too long. */
void scripted_await(const char *callback, unsigned entered);
unsigned scripted_count(const char *callback);
/* Owned: callbacks in the order they were entered, "create start wait"; without inspect and configure. */
char *scripted_log(void);
void scripted_set_vm(lima_vm_state state); /* what inspect finds; a running one ends by stop, or by this */
void scripted_end_vm(const char *failure); /* wait returns: true, or false with this text */
lima_vm_state scripted_vm(void);
uint32_t scripted_grace(void);        /* of the last stop */
const char *scripted_violation(void); /* "": the library kept its promises */
