/* The keeper: one wsl.exe child that lives as long as the distribution is wanted, with our end of its
 * standard input held open (facts: wsl.md 5.1). Its end is the event "distribution or VM gone"; our end is
 * the end of its input, on which the guest's side stops cleanly by itself.
 *
 * Also used for other children whose lines are of interest (boot). Thread-safe but for free. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "os/process.h"
#include "os/thread.h"
#include "wsl2/guest.h"

typedef struct wsl2_keeper wsl2_keeper;

/* Starts it and returns when the guest's side has said its first word: the distribution runs. On failure:
 * why wsl.exe ended, with `ret_retryable` (the same may succeed in a few seconds), DEADLINE_EXCEEDED,
 * CANCELLED; nothing is left. `what` begins the error texts. */
bool lima_wsl2_keeper_start(const lima_strv *argv, const char *what, lima_wake *wake, wsl2_keeper **ret,
                            bool *ret_retryable, lima_err *err);
lima_process_id lima_wsl2_keeper_id(const wsl2_keeper *keeper);

/* Until sshd listens. UNAVAILABLE: it does not, with the guest's words, or the keeper has ended. */
bool lima_wsl2_keeper_await_sshd(wsl2_keeper *keeper, lima_deadline deadline, lima_wake *wake, lima_err *err);
/* Until the child has ended; several threads may wait. DEADLINE_EXCEEDED, CANCELLED. */
bool lima_wsl2_keeper_wait(wsl2_keeper *keeper, lima_deadline deadline, lima_wake *wake, lima_err *err);
/* After its end: what it said last, or how it ended; owned. */
char *lima_wsl2_keeper_last_words(wsl2_keeper *keeper);
/* Makes the guest's side look after its SSH server; do it from time to time. */
void lima_wsl2_keeper_ping(wsl2_keeper *keeper);
/* Asks the guest's side to stop cleanly. True when it has said that it did, or has ended. */
bool lima_wsl2_keeper_stop(wsl2_keeper *keeper, lima_deadline deadline, lima_wake *wake);
/* Lets go: the guest's side reads the end of its input, stops cleanly, and the child ends by itself. NULL
 * does nothing. */
void lima_wsl2_keeper_release(wsl2_keeper *keeper);
/* Ends the child if it still runs; nobody may wait any more. NULL does nothing. */
void lima_wsl2_keeper_free(wsl2_keeper *keeper);
