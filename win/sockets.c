/* By select, whose limit is a matter of how large its lists are made; WSAPoll would do, but tells nothing of a
 * connection that failed before Windows 10 version 2004. */
#define FD_SETSIZE 4096
#include "sockets.h"

#include <winsock2.h>

#include <limits.h>
#include <stdlib.h>

#include "base/mem.h"
#include "win_err.h"

_Static_assert(FD_SETSIZE == LIMA_SOCKETS_MAX, "select takes as many");

typedef struct lists {
    fd_set in, out, except;
} lists;

/* Not FD_SET, which looks for the socket in the whole list; each is named once. */
static void add(fd_set *to, intptr_t socket)
{
    to->fd_array[to->fd_count++] = (SOCKET)socket;
}

static void fill(lists *to, const lima_socket_wait *items, size_t count)
{
    to->in.fd_count = to->out.fd_count = to->except.fd_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i].wanted & LIMA_SOCKET_IN)
            add(&to->in, items[i].socket);
        if (items[i].wanted & LIMA_SOCKET_OUT)
            add(&to->out, items[i].socket);
        add(&to->except, items[i].socket);
    }
}

/* select leaves those that are ready, in their order. */
static bool take(const fd_set *from, u_int *at, intptr_t socket)
{
    bool found = *at < from->fd_count && from->fd_array[*at] == (SOCKET)socket;

    *at += found;
    return found;
}

/* An exception is a failed connection, or an urgent byte. */
static void read_lists(const lists *from, lima_socket_wait *items, size_t count)
{
    u_int in = 0, out = 0, except = 0;

    for (size_t i = 0; i < count; i++) {
        lima_socket_wait *item = &items[i];
        item->ready = 0;
        if (take(&from->in, &in, item->socket))
            item->ready |= LIMA_SOCKET_IN;
        if (take(&from->out, &out, item->socket))
            item->ready |= LIMA_SOCKET_OUT;
        if (take(&from->except, &except, item->socket))
            item->ready |= item->wanted & LIMA_SOCKET_URGENT ? LIMA_SOCKET_URGENT : LIMA_SOCKET_ERROR;
    }
}

bool lima_sockets_wait(lima_socket_wait *items, size_t count, uint32_t timeout_ms, lima_err *err)
{
    struct timeval time = {.tv_sec = (long)(timeout_ms / 1000), .tv_usec = (long)(timeout_ms % 1000 * 1000)};
    lists *all = lima_mem_zalloc(1, sizeof *all);

    fill(all, items, count);
    int ready =
        select(0, &all->in, &all->out, &all->except, timeout_ms == LIMA_SOCKETS_FOREVER ? NULL : &time);
    bool ok = ready != SOCKET_ERROR || lima_win_fail(err, (DWORD)WSAGetLastError(), "wait for sockets");
    if (ok)
        read_lists(all, items, count);
    free(all);
    return ok;
}

static ptrdiff_t done(int len, bool end)
{
    if (len > 0 || (len == 0 && !end))
        return len;
    return len < 0 && WSAGetLastError() == WSAEWOULDBLOCK ? 0 : -1;
}

ptrdiff_t lima_socket_read(intptr_t socket, void *into, size_t len)
{
    return done(recv((SOCKET)socket, into, len < INT_MAX ? (int)len : INT_MAX, 0), true);
}

ptrdiff_t lima_socket_write(intptr_t socket, const void *bytes, size_t len)
{
    return done(send((SOCKET)socket, bytes, len < INT_MAX ? (int)len : INT_MAX, 0), false);
}

void lima_socket_close(intptr_t socket)
{
    shutdown((SOCKET)socket, SD_BOTH);
    closesocket((SOCKET)socket);
}
