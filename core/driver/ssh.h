/* The user's ssh program, as limactl uses it (facts: lima-driver-contract 8). */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "driver/instance.h"
#include "os/thread.h"

/* Adds ssh as limactl finds it, $SSH (words) or PATH; and where Windows has its own, that, when there is
 * none. */
void lima_ssh_words(lima_strv *into);
/* Adds what makes limactl's configuration of the instance ssh's own, but for options that follow. */
void lima_ssh_config_words(const lima_instance *inst, lima_strv *into);
/* Adds the instance's name in that configuration, which ends options. */
void lima_ssh_host_word(const lima_instance *inst, lima_strv *into);

/* Runs ssh to its end; it is killed at the limit. UNKNOWN: it failed; NOT_FOUND: no such program;
 * DEADLINE_EXCEEDED, CANCELLED. `said` NULL: it gets no handle of ours, so that a master which it leaves
 * behind keeps none; else what it says on standard error. */
bool lima_ssh_run(const lima_strv *argv, uint32_t limit_ms, lima_buf *said, lima_wake *wake, lima_err *err);
