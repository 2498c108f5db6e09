/* All waiting of posix/ ends here, in one poll(2).
 *
 * The wake's descriptor takes the first slot. A wake that got no descriptor (the process had none left) is
 * looked at every LIMA_POSIX_SLICE_MS instead: slower, never deaf. poll counts in whole milliseconds of int,
 * so a far deadline takes several rounds. */
#include "wait.h"

#include <errno.h>

#include "posix_err.h"

enum { ROUND_MAX_MS = 60 * 60 * 1000 };

static int round_ms(lima_deadline deadline, const lima_wake *wake)
{
    uint64_t now = lima_clock_now();
    uint64_t left = deadline > now ? deadline - now : 0;

    if (wake && lima_posix_wake_fd(wake) < 0 && left > LIMA_POSIX_SLICE_MS)
        return LIMA_POSIX_SLICE_MS;
    return left < ROUND_MAX_MS ? (int)left : ROUND_MAX_MS;
}

typedef enum outcome { READY, TIMED_OUT, CANCELLED, FAILED } outcome;

/* poll(2) reports an invalid descriptor as ready (POLLNVAL): the caller's next call on it gives the error. */
static outcome wait_for(struct pollfd *fds, nfds_t count, lima_deadline deadline, lima_wake *wake)
{
    fds[0] = (struct pollfd){.fd = wake ? lima_posix_wake_fd(wake) : -1, .events = POLLIN};
    for (;;) {
        int n = poll(fds, count, round_ms(deadline, wake));
        if (wake && lima_posix_wake_raised(wake))
            return CANCELLED;
        if (n > 0)
            return READY;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return FAILED;
        if (deadline <= lima_clock_now())
            return TIMED_OUT;
    }
}

static bool report(outcome result, lima_err *err)
{
    switch (result) {
    case READY:
        return true;
    case TIMED_OUT:
        return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "timed out");
    case CANCELLED:
        return lima_err_set(err, LIMA_CODE_CANCELLED, "cancelled while waiting");
    case FAILED:
    default:
        return lima_posix_fail(err, errno, "wait");
    }
}

bool lima_posix_poll(struct pollfd *fds, nfds_t count, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return report(wait_for(fds, count, deadline, wake), err);
}

bool lima_posix_pause(unsigned *pause_ms, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    lima_deadline step = lima_clock_in(*pause_ms);
    struct pollfd none;
    outcome result = wait_for(&none, 1, step < deadline ? step : deadline, wake);

    if (result == TIMED_OUT && lima_clock_now() < deadline)
        result = READY;
    *pause_ms = *pause_ms * 2 < LIMA_POSIX_PAUSE_MAX ? *pause_ms * 2 : LIMA_POSIX_PAUSE_MAX;
    return report(result, err);
}
