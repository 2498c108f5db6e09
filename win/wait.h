/* WaitForMultipleObjects with the deadlines and wakes of the contract.
 *
 * A wake is a flag and a manual-reset event, set when the wake is raised and never reset. Out of handles it
 * has no event: then a wait lasts at most LIMA_WIN_SLICE_MS and the flag is looked at again. */
#pragma once

#include <windows.h>

#include "base/err.h"
#include "os/clock.h"
#include "os/thread.h"

enum {
    LIMA_WIN_SLICE_MS = 20,   /* how long a wait lasts that cannot be woken (no event could be had) */
    LIMA_WIN_PAUSE_MAX = 50,  /* longest pause of a loop that has to look again and again */
    LIMA_WIN_RETRY_MS = 2000, /* how long something is tried again that others keep open for a moment */
};

/* Waits until one of handles[1 … count-1] is signalled; handles[0] belongs to this function, NULL ones are
 * skipped, at most 64 in all, no handle twice. *ret_which (may be NULL): the index of the first that is
 * signalled. DEADLINE_EXCEEDED, CANCELLED (first of all, even if something is ready). The deadline 0 looks
 * once. */
bool lima_win_wait(HANDLE *handles, DWORD count, lima_deadline deadline, lima_wake *wake, DWORD *ret_which,
                   lima_err *err);

/* One step of a loop that looks again and again: pauses for *pause ms (start with 1), which doubles up to
 * LIMA_WIN_PAUSE_MAX. False like lima_win_wait. */
bool lima_win_pause(unsigned *pause_ms, lima_deadline deadline, lima_wake *wake, lima_err *err);

/* NULL: none, look at lima_win_wake_raised from time to time */
HANDLE lima_win_wake_event(const lima_wake *wake);
bool lima_win_wake_raised(const lima_wake *wake);
