/* What the driver asks of the daemon of a user-v2 network, over its HTTP socket (facts:
 * lima-driver-contract 6.4): the guest's address, the way to its SSH port, names. Every function has a
 * deadline and an optional wake. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/instance.h"
#include "os/clock.h"
#include "os/thread.h"

enum { QEMU_USERNET_POLL_MS = 500, QEMU_USERNET_CALL_MS = 5000 };

/* Waits until the daemon has given the MAC an address. Owned. A daemon that does not answer yet is asked
 * again. */
bool lima_qemu_usernet_await_lease(const char *endpoint, const char *mac, lima_deadline deadline,
                                   lima_wake *wake, char **ret_ip, lima_err *err);
/* Opens address:port on the host as a way to port 22 of `ip`; closes it. */
bool lima_qemu_usernet_expose(const char *endpoint, const char *address, uint16_t port, const char *ip,
                              lima_wake *wake, lima_err *err);
bool lima_qemu_usernet_unexpose(const char *endpoint, const char *address, uint16_t port, lima_wake *wake,
                                lima_err *err);
/* hostResolver.hosts, the instance's own name and host.lima.internal. `gateway` may be NULL: then without
 * the last one. */
bool lima_qemu_usernet_add_hosts(const char *endpoint, const lima_instance *inst, const char *ip,
                                 const char *gateway, lima_wake *wake, lima_err *err);

/* ---- pure ---- */

/* The address of `mac` in the daemon's list of leases, or NULL. Owned. INVALID_ARGUMENT: not JSON. */
bool lima_qemu_usernet_find_lease(const char *json, size_t len, const char *mac, char **ret_ip,
                                  lima_err *err);
/* The daemon's own address in a network of networks.yaml: its base address + 2. Owned; NULL when the file
 * does not say. */
char *lima_qemu_usernet_gateway(const char *yaml, size_t len, const char *network);
/* The bodies of the requests that add the names, one per zone, in order of names. Names that lead nowhere
 * are left out. */
void lima_qemu_usernet_zones(const lima_instance *inst, const char *ip, const char *gateway,
                             lima_strv *ret_bodies);
