/* Byte streams between processes: local sockets and the ends of pipes. One thread may read while another
 * writes; every wait has a deadline and an optional wake (may be NULL). A peer that has gone never raises a
 * signal: UNAVAILABLE. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "os/clock.h"
#include "os/thread.h"

typedef struct lima_stream lima_stream;

/* A local (AF_UNIX) stream socket. The path must fit sun_path: over 107 bytes (macOS: 103) is
 * INVALID_ARGUMENT and the text says the limit. Nobody listening: UNAVAILABLE; no such file: NOT_FOUND; a
 * Windows without local sockets (before version 1803): FAILED_PRECONDITION, for pairs and listeners
 * too. */
bool lima_stream_connect(const char *path, lima_deadline deadline, lima_stream **ret, lima_err *err);
/* Two connected streams; what is written to one is read from the other. */
bool lima_stream_pair(lima_stream **ret_a, lima_stream **ret_b, lima_err *err);
/* This process's standard input (read only) and output (write only). Taken once; afterwards the C library's
 * stdin reads nothing and what is printed to stdout goes to stderr, so that stray output cannot break a
 * protocol. */
bool lima_stream_take_std(lima_stream **ret_in, lima_stream **ret_out, lima_err *err);

/* Reads at least one byte; 0 in *ret_len means the peer has ended its side. DEADLINE_EXCEEDED, CANCELLED,
 * UNAVAILABLE. */
bool lima_stream_read(lima_stream *stream, void *into, size_t len, lima_deadline deadline, lima_wake *wake,
                      size_t *ret_len, lima_err *err);
/* Writes everything or fails. */
bool lima_stream_write(lima_stream *stream, const void *bytes, size_t len, lima_deadline deadline,
                       lima_wake *wake, lima_err *err);
/* the peer (a child: its standard input) reads the end; reading goes on */
void lima_stream_end_write(lima_stream *stream);
void lima_stream_close(lima_stream *stream); /* NULL does nothing */

/* Gives the native handle away (a descriptor, or a SOCKET; non-blocking) for a library that adopts one, and
 * frees `stream`. Sockets only. Whoever adopts an accepted connection must shut it down before closing it
 * (gRPC does): a listener on POSIX keeps a duplicate, to count. */
intptr_t lima_stream_release(lima_stream *stream);
