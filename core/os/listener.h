/* A local (AF_UNIX) listening socket that is private to the user from the first instant.
 *
 * Opening binds and listens under a temporary name in an owner-only folder beside `path` and renames the
 * socket into place, so that it appears complete, accepting, and closed to other users, or not at all. A
 * stale socket file is replaced; any other file stays and is ALREADY_EXISTS. Whether another server is alive
 * there is for the caller to settle (file lock) before opening. A path over 107 bytes (macOS: 103) is
 * INVALID_ARGUMENT with the limit in the text.
 *
 * Only the same user is served: on POSIX the same effective user id; root is refused too, as everybody else
 * is. On Windows the permissions of the file admit this user and SYSTEM, and where Windows tells who the
 * peer is, only this user stays. Such refusals, and connections over the limit, are logged at most once a
 * second. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "os/clock.h"
#include "os/stream.h"
#include "os/thread.h"

enum {
    /* connections that have not sent a byte yet; one more drops the oldest */
    LIMA_LISTENER_PENDING_MAX = 64,
    LIMA_LISTENER_FIRST_BYTE_MS = 10000, /* a connection that is silent for so long is closed */
    LIMA_LISTENER_CONNECTIONS_MAX = 128, /* accepted and still open; one more is closed at once */
};

typedef struct lima_listener lima_listener;

bool lima_listener_open(const char *path, lima_listener **ret, lima_err *err);

/* Waits for a connection whose first byte has arrived. Those that close or stay silent before it are dealt
 * with inside and never returned: a probe that connects and closes costs nothing. A peer of another user is
 * closed. One thread at a time; keep one there, because silent and ended connections are cleared away only
 * inside. DEADLINE_EXCEEDED, CANCELLED. Running out of handles is not an error: it waits and tries again. */
bool lima_listener_accept(lima_listener *listener, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                          lima_err *err);

typedef struct lima_listener_state {
    /* accepted ones whose peer has not closed yet (Windows: nor ended its side), whoever owns them now */
    unsigned connections;
    bool in_place; /* the file at the listener's path is still this listener's own socket */
} lima_listener_state;

lima_listener_state lima_listener_look(lima_listener *listener); /* thread-safe */
/* Closes; removes the socket file only if it is still this listener's own. */
void lima_listener_close(lima_listener *listener);
