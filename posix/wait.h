/* poll(2) with the deadlines and wakes of the contract. */
#pragma once

#include <poll.h>

#include "base/err.h"
#include "os/clock.h"
#include "os/thread.h"

enum {
    LIMA_POSIX_SLICE_MS = 20,  /* how long a wait lasts that cannot be woken (no descriptor could be had) */
    LIMA_POSIX_PAUSE_MAX = 50, /* longest pause of a loop that has to look again and again */
};

/* Waits until one of fds[1 … count-1] is ready; negative descriptors are skipped. fds[0] belongs to this
 * function. DEADLINE_EXCEEDED, CANCELLED (first of all, even if something is ready). */
bool lima_posix_poll(struct pollfd *fds, nfds_t count, lima_deadline deadline, lima_wake *wake,
                     lima_err *err);

/* One step of a loop that looks again and again: pauses for *pause ms (start with 1), which doubles up to
 * LIMA_POSIX_PAUSE_MAX. False like lima_posix_poll. */
bool lima_posix_pause(unsigned *pause_ms, lima_deadline deadline, lima_wake *wake, lima_err *err);

/* -1: none, look at lima_posix_wake_raised from time to time. */
int lima_posix_wake_fd(const lima_wake *wake);
bool lima_posix_wake_raised(const lima_wake *wake);
