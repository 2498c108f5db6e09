/* Accepting, with everything bounded.
 *
 * An accepted connection first waits in `pending` until its first byte is there: probes that only connect,
 * and clients that stall at once, never reach the caller. How many that were handed out are left,
 * listener_peers.c tells.
 *
 * One event tells of news on the listening socket and on all pending ones, because a wait of Windows takes
 * 64 handles at most. It is reset before everything is looked at, so what comes during the look makes the
 * next wait short. Only the accepting thread changes the table. When the process can make no more sockets,
 * new connections are left alone for REST_MS. */
#include "os/listener.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "listener.h"
#include "os/shared/shared.h"
#include "stream.h"
#include "wait.h"
#include "win_err.h"

enum { REST_MS = 100 };

typedef struct pending {
    SOCKET socket;
    lima_deadline until;
} pending;

struct lima_listener {
    SOCKET socket;
    HANDLE news;
    char *path;
    lima_file_info file;
    pending pending[LIMA_LISTENER_PENDING_MAX]; /* oldest first */
    unsigned pending_count;
    lima_win_peers *peers;
    lima_deadline rest_until;  /* no socket to be had until then */
    lima_deadline quiet_until; /* no further complaint in the log until then */
};

/* Also watched anew whenever there was nothing to be had after all: that event may be Wine's, about a connection
 * taken meanwhile, and no other would follow. If there is something by now, the event is set at once. */
static bool watch(SOCKET socket, HANDLE news, long events, lima_err *err)
{
    return !WSAEventSelect(socket, news, events)
           || lima_win_fail(err, (DWORD)WSAGetLastError(), "wait for news");
}

static bool fill(lima_listener *listener, const char *path, lima_err *err)
{
    listener->socket = INVALID_SOCKET;
    listener->path = lima_mem_strdup(path);
    listener->news = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!listener->news)
        return lima_win_fail(err, GetLastError(), "socket '%s': make an event", path);
    if (!lima_win_peers_new(&listener->peers, err))
        return lima_err_wrap(err, "socket '%s'", path);
    listener->socket = lima_win_listen_at(path, &listener->file, err);
    return listener->socket != INVALID_SOCKET
           && (watch(listener->socket, listener->news, FD_ACCEPT, err)
               || lima_err_wrap(err, "socket '%s'", path));
}

bool lima_listener_open(const char *path, lima_listener **ret, lima_err *err)
{
    lima_listener *listener = lima_mem_zalloc(1, sizeof *listener);

    if (!fill(listener, path, err)) {
        lima_listener_close(listener);
        return false;
    }
    *ret = listener;
    return true;
}

static void complain(lima_listener *listener, const char *what)
{
    lima_shared_complain(&listener->quiet_until, listener->path, what);
}

static void drop_pending(lima_listener *listener, unsigned index, bool close_it)
{
    if (close_it)
        closesocket(listener->pending[index].socket);
    listener->pending_count--;
    memmove(&listener->pending[index], &listener->pending[index + 1],
            (listener->pending_count - index) * sizeof listener->pending[0]);
}

static void drop_silent(lima_listener *listener)
{
    while (listener->pending_count > 0 && listener->pending[0].until <= lima_clock_now())
        drop_pending(listener, 0, true);
}

static void hand_out(lima_listener *listener, unsigned index, lima_stream **ret)
{
    SOCKET socket = listener->pending[index].socket;

    drop_pending(listener, index, false);
    lima_win_make_blocking(socket);
    lima_win_peers_add(listener->peers, socket); /* not if the peer has gone already, which is as good */
    *ret = lima_win_stream_of_socket(socket);
}

static bool is_full(lima_listener *listener)
{
    if (lima_win_peers_count(listener->peers) < LIMA_LISTENER_CONNECTIONS_MAX)
        return false;
    complain(listener, "too many open connections, closing the newest");
    return true;
}

/* Looks at the pending connections, oldest first; true: *ret is one of them. */
static bool serve_pending(lima_listener *listener, lima_stream **ret)
{
    unsigned index = 0;

    while (index < listener->pending_count) {
        char byte;
        int n = recv(listener->pending[index].socket, &byte, 1, MSG_PEEK);
        if (n < 0 && WSAGetLastError() == WSAEWOULDBLOCK
            && watch(listener->pending[index].socket, listener->news, FD_READ | FD_CLOSE, NULL)) {
            index++;
        } else if (n <= 0 || is_full(listener)) {
            drop_pending(listener, index, true);
        } else {
            hand_out(listener, index, ret);
            return true;
        }
    }
    return false;
}

static void take(lima_listener *listener, SOCKET socket)
{
    if (lima_win_is_stranger(socket)) {
        complain(listener, "refused a connection from another user");
        closesocket(socket);
        return;
    }
    if (!watch(socket, listener->news, FD_READ | FD_CLOSE, NULL)) {
        closesocket(socket);
        return;
    }
    if (listener->pending_count == LIMA_LISTENER_PENDING_MAX)
        drop_pending(listener, 0, true);
    listener->pending[listener->pending_count++] =
        (pending){.socket = socket, .until = lima_clock_in(LIMA_LISTENER_FIRST_BYTE_MS)};
}

/* A client that has gone before it was accepted is no failure of ours. */
static bool is_theirs(int error)
{
    return error == WSAECONNRESET || error == WSAECONNABORTED || error == WSAEINTR || error == WSAENETDOWN;
}

/* All that wait, but not for ever under a flood of them. */
static bool accept_all(lima_listener *listener, lima_err *err)
{
    for (unsigned i = 0; i < LIMA_LISTENER_PENDING_MAX && lima_clock_now() >= listener->rest_until; i++) {
        SOCKET accepted = lima_win_accept(listener->socket);
        int failed = accepted == INVALID_SOCKET ? WSAGetLastError() : 0;
        if (!failed)
            take(listener, accepted);
        else if (failed == WSAEWOULDBLOCK)
            return watch(listener->socket, listener->news, FD_ACCEPT, err);
        else if (failed == WSAEMFILE || failed == WSAENOBUFS)
            listener->rest_until = lima_clock_in(REST_MS);
        else if (!is_theirs(failed))
            return lima_win_fail(err, (DWORD)failed, "socket '%s': accept", listener->path);
    }
    return true;
}

/* When to look again although nothing happens: at the end of a rest, or of the oldest one's patience. */
static lima_deadline next_look(const lima_listener *listener, lima_deadline deadline)
{
    lima_deadline at = deadline;

    if (listener->pending_count > 0 && listener->pending[0].until < at)
        at = listener->pending[0].until;
    if (listener->rest_until > lima_clock_now() && listener->rest_until < at)
        at = listener->rest_until;
    return at;
}

static bool wait_for_news(lima_listener *listener, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    HANDLE handles[2] = {NULL, listener->news};
    lima_err why;

    return lima_win_wait(handles, 2, next_look(listener, deadline), wake, NULL, &why)
           || (why.code == LIMA_CODE_DEADLINE_EXCEEDED && lima_clock_now() < deadline)
           || lima_err_set(err, why.code, "socket '%s': %s", listener->path, why.text);
}

bool lima_listener_accept(lima_listener *listener, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                          lima_err *err)
{
    if (wake && lima_win_wake_raised(wake))
        return lima_err_set(err, LIMA_CODE_CANCELLED, "socket '%s': cancelled while waiting", listener->path);
    /* What has arrived by the deadline is still served, but a flood of silent connections does not keep us
     * here. */
    for (unsigned late = 0; late <= LIMA_LISTENER_PENDING_MAX; late += deadline <= lima_clock_now()) {
        ResetEvent(listener->news);
        drop_silent(listener);
        if (serve_pending(listener, ret))
            return true;
        if (!accept_all(listener, err) || !wait_for_news(listener, deadline, wake, err))
            return false;
    }
    return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "socket '%s': timed out", listener->path);
}

static bool in_place(const lima_listener *listener)
{
    lima_file_info at;

    return lima_file_stat(listener->path, false, &at, NULL) && at.kind == LIMA_FILE_SOCKET
           && at.id == listener->file.id && at.device == listener->file.device;
}

lima_listener_state lima_listener_look(lima_listener *listener)
{
    return (lima_listener_state){.connections = lima_win_peers_count(listener->peers),
                                 .in_place = in_place(listener)};
}

/* The file goes first: so it is never another server's that is there meanwhile. */
void lima_listener_close(lima_listener *listener)
{
    if (!listener)
        return;
    if (listener->socket != INVALID_SOCKET) {
        if (in_place(listener))
            lima_file_remove(listener->path, NULL);
        closesocket(listener->socket);
    }
    while (listener->pending_count > 0)
        drop_pending(listener, 0, true);
    lima_win_peers_free(listener->peers);
    if (listener->news)
        CloseHandle(listener->news);
    free(listener->path);
    free(listener);
}
