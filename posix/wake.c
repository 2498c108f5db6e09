/* A wake is a flag and, so that poll(2) can wait for it beside sockets, a descriptor that becomes readable
 * and is never read.
 *
 * Raising is what a signal handler may do: one lock-free exchange and one write(2). When no descriptor could
 * be had (a flood of connections has taken them all) the wake still works; its waits then look at the flag
 * (wait.h). */
#include "os/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "platform.h"
#include "wait.h"

struct lima_wake {
    atomic_bool raised;
    int fds[2]; /* reads, writes; may be one descriptor; -1: none */
};

lima_wake *lima_wake_new(void)
{
    lima_wake *wake = lima_mem_zalloc(1, sizeof *wake);

    atomic_init(&wake->raised, false);
    if (lima_posix_wake_open(wake->fds))
        wake->fds[0] = wake->fds[1] = -1;
    return wake;
}

void lima_wake_raise(lima_wake *wake)
{
    static const uint64_t one = 1;
    int saved = errno;

    if (!atomic_exchange(&wake->raised, true) && wake->fds[1] >= 0)
        while (write(wake->fds[1], &one, sizeof one) < 0 && errno == EINTR)
            ;
    errno = saved;
}

bool lima_wake_wait(lima_wake *wake, lima_deadline deadline)
{
    struct pollfd none;
    lima_err err;

    return !lima_posix_poll(&none, 1, deadline, wake, &err) && err.code == LIMA_CODE_CANCELLED;
}

void lima_wake_free(lima_wake *wake)
{
    if (!wake)
        return;
    if (wake->fds[1] >= 0 && wake->fds[1] != wake->fds[0])
        close(wake->fds[1]);
    if (wake->fds[0] >= 0)
        close(wake->fds[0]);
    free(wake);
}

int lima_posix_wake_fd(const lima_wake *wake)
{
    return wake->fds[0];
}

bool lima_posix_wake_raised(const lima_wake *wake)
{
    return atomic_load(&wake->raised);
}
