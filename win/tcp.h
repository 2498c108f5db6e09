/* TCP between this machine and a VM on it: how the wsl2 driver reaches a guest's sshd, and stands in for
 * WSL's own relay where that does not work. Beside core/os, because no other driver needs it.
 *
 * Streams are those of os/stream.h. Listening is on 127.0.0.1 only. Thread-safe but for one listener,
 * which belongs to one thread at a time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "os/clock.h"
#include "os/stream.h"
#include "os/thread.h"

/* `ipv4` in numbers ("172.20.1.2"), else INVALID_ARGUMENT. Refused, unreachable: UNAVAILABLE.
 * DEADLINE_EXCEEDED, CANCELLED. */
bool lima_tcp_connect(const char *ipv4, uint16_t port, lima_deadline deadline, lima_wake *wake,
                      lima_stream **ret, lima_err *err);

typedef struct lima_tcp_listener lima_tcp_listener;

/* Takes the port for this process alone: ALREADY_EXISTS when anybody listens there. */
bool lima_tcp_listen(uint16_t port, lima_tcp_listener **ret, lima_err *err);
/* DEADLINE_EXCEEDED, CANCELLED. A peer that has gone before it was accepted is skipped. */
bool lima_tcp_accept(lima_tcp_listener *listener, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                     lima_err *err);
void lima_tcp_close(lima_tcp_listener *listener); /* NULL does nothing; accepted streams live on */
