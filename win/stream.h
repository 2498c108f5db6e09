/* What the other modules of win/ know of a stream. */
#pragma once

#include <winsock2.h>

#include "os/stream.h"

/* A connected socket, made for overlapped use and bound to no completion port; the stream owns it. */
lima_stream *lima_win_stream_of_socket(SOCKET socket);
/* Our end of a one-way pipe, opened with FILE_FLAG_OVERLAPPED; the stream owns it. */
lima_stream *lima_win_stream_of_pipe(HANDLE pipe);

/* A socket of this family for overlapped use that no child inherits. INVALID_SOCKET: *err is set. */
SOCKET lima_win_socket(int family, int protocol, lima_err *err);
/* Connects; the socket is blocking afterwards. Fails as lima_win_fail does, or with DEADLINE_EXCEEDED,
 * CANCELLED; no object in the text. */
bool lima_win_connect(SOCKET socket, const struct sockaddr *to, int len, lima_deadline deadline,
                      lima_wake *wake, lima_err *err);

/* Address of a socket file; INVALID_ARGUMENT with the limit when the path is too long, or empty. */
struct sockaddr_un;
bool lima_win_address(const char *path, struct sockaddr_un *ret, lima_err *err);

/* A new one-way pipe without a name that others could know. *ret_ours is overlapped, *ret_theirs
 * synchronous; no child inherits either. `we_write`: from us to them. */
bool lima_win_pipe(bool we_write, HANDLE *ret_ours, HANDLE *ret_theirs, lima_err *err);

/* What a stream is that can only be used by blocking calls: a thread makes them (stream_worker.c). */
typedef struct lima_win_worker lima_win_worker;
lima_stream *lima_win_stream_of_worker(lima_win_worker *worker);
bool lima_win_worker_start(HANDLE file, bool write, lima_win_worker **ret,
                           lima_err *err); /* owns the handle */
bool lima_win_worker_read(lima_win_worker *worker, void *into, size_t len, lima_deadline deadline,
                          lima_wake *wake, size_t *ret_len, lima_err *err);
/* Some of the bytes, at least one. */
bool lima_win_worker_write(lima_win_worker *worker, const void *bytes, size_t len, lima_deadline deadline,
                           lima_wake *wake, size_t *ret_len, lima_err *err);
void lima_win_worker_free(lima_win_worker *worker);
/* The pipe of a stream; NULL: none, or its writing has ended. */
HANDLE lima_win_stream_pipe(const lima_stream *stream);
/* The next waiting connection of a non-blocking listening socket; blocking, free of events, inherited by
 * no child. INVALID_SOCKET: WSAGetLastError tells why. */
SOCKET lima_win_accept(SOCKET listening);
/* A listening socket that tells by an event when somebody waits: TCP and hvsockets (stream_accept.c). */
typedef struct lima_win_listening {
    SOCKET socket; /* INVALID_SOCKET: none yet */
    HANDLE event;  /* signalled when somebody waits, until it is read; NULL: none yet */
} lima_win_listening;

/* Binds and listens with the socket, which is set. 0, or Winsock's code. */
int lima_win_listen(lima_win_listening *listening, const struct sockaddr *at, int len);
/* The next connection. DEADLINE_EXCEEDED, CANCELLED. A peer that has gone before it was accepted is skipped. */
bool lima_win_accept_stream(lima_win_listening *listening, lima_deadline deadline, lima_wake *wake,
                            lima_stream **ret, lima_err *err);
void lima_win_listening_close(lima_win_listening *listening);
/* Ends WSAEventSelect and what comes with it. */
void lima_win_make_blocking(SOCKET socket);
