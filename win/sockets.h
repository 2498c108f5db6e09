/* Sockets in one's own hands, many at once: for a library that has sockets of its own and wants to be told when to
 * use them (libslirp), and for the streams beside it, which lima_stream_release gives. Nothing here blocks but
 * lima_sockets_wait. Thread-safe as far as sockets are: one thread per socket and direction.
 *
 * Plain C: tests on other hosts implement it too. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    LIMA_SOCKET_IN = 1,
    LIMA_SOCKET_OUT = 2,
    LIMA_SOCKET_URGENT = 4,
    LIMA_SOCKET_ERROR = 8, /* told whether wanted or not: a connection that could not be made; no mere end */
    LIMA_SOCKETS_MAX = 4096,
};

typedef struct lima_socket_wait {
    intptr_t socket;
    unsigned wanted, ready; /* LIMA_SOCKET_… */
} lima_socket_wait;

#define LIMA_SOCKETS_FOREVER UINT32_MAX
/* Returns when one is ready, or the time is over: then none is. At most LIMA_SOCKETS_MAX. INTERNAL. */
bool lima_sockets_wait(lima_socket_wait *items, size_t count, uint32_t timeout_ms, lima_err *err);

/* Bytes; 0: none at the moment; -1: the peer has ended its side, or it broke. */
ptrdiff_t lima_socket_read(intptr_t socket, void *into, size_t len);
/* Bytes that were taken, may be 0; -1: it broke. */
ptrdiff_t lima_socket_write(intptr_t socket, const void *bytes, size_t len);
void lima_socket_close(intptr_t socket); /* the peer reads the end at once */
