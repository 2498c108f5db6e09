/* Where a VM on a network of this computer is, when its endpoint does not tell.
 *
 * Plain C: tests on other hosts implement it as they like. Facts: hyperv-hcs.md 5.6. */
#pragma once

#include "base/err.h"
#include "base/ipv4.h"
#include "os/clock.h"
#include "os/thread.h"

/* The IPv4 address that has answered with this MAC address ("52:55:55:01:02:03") of late; needs no right. NOT_FOUND:
 * none has. */
bool lima_neighbour_find(const char *mac, char ret[LIMA_IPV4_SIZE], lima_err *err);
/* The first IPv4 address of a name, from whatever this computer asks for names. NOT_FOUND, DEADLINE_EXCEEDED,
 * CANCELLED. */
bool lima_neighbour_resolve(const char *name, lima_deadline deadline, lima_wake *wake,
                            char ret[LIMA_IPV4_SIZE], lima_err *err);
