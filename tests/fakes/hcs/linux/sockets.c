/* win/sockets.h by poll(2). */
#include "win/sockets.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

static short wanted(unsigned what)
{
    return (short)((what & LIMA_SOCKET_IN ? POLLIN : 0) | (what & LIMA_SOCKET_OUT ? POLLOUT : 0)
                   | (what & LIMA_SOCKET_URGENT ? POLLPRI : 0));
}

static unsigned ready(short found)
{
    return (found & (POLLIN | POLLHUP) ? (unsigned)LIMA_SOCKET_IN : 0)
           | (found & POLLOUT ? (unsigned)LIMA_SOCKET_OUT : 0)
           | (found & POLLPRI ? (unsigned)LIMA_SOCKET_URGENT : 0)
           | (found & (POLLERR | POLLNVAL) ? (unsigned)LIMA_SOCKET_ERROR : 0);
}

bool lima_sockets_wait(lima_socket_wait *items, size_t count, uint32_t timeout_ms, lima_err *err)
{
    struct pollfd *fds = lima_mem_zalloc(count, sizeof *fds);

    for (size_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = (int)items[i].socket, .events = wanted(items[i].wanted)};
    int found =
        poll(fds, (nfds_t)count,
             timeout_ms == LIMA_SOCKETS_FOREVER ? -1 : (int)(timeout_ms < INT_MAX ? timeout_ms : INT_MAX));
    bool ok = found >= 0 || errno == EINTR || lima_err_set(err, LIMA_CODE_INTERNAL, "poll: %d", errno);
    for (size_t i = 0; i < count; i++)
        items[i].ready = found > 0 ? ready(fds[i].revents) : 0;
    free(fds);
    return ok;
}

static ptrdiff_t done(ssize_t len, bool end)
{
    if (len > 0 || (len == 0 && !end))
        return len;
    return len < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

ptrdiff_t lima_socket_read(intptr_t socket, void *into, size_t len)
{
    return done(recv((int)socket, into, len, 0), true);
}

ptrdiff_t lima_socket_write(intptr_t socket, const void *bytes, size_t len)
{
    return done(send((int)socket, bytes, len, MSG_NOSIGNAL), false);
}

void lima_socket_close(intptr_t socket)
{
    shutdown((int)socket, SHUT_RDWR);
    close((int)socket);
}
