/* What this computer has of IPv4 around the networks of its VMs.
 *
 * Plain C: tests on other hosts implement it as they like. Facts: hyperv-hcs.md 5.3. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/ipv4.h"
#include "base/strv.h"

/* Destinations of all routes and the subnets of all addresses, in no order, some twice; loopback, multicast and
 * single addresses are left out. *ret is owned (free). */
bool lima_routes_get(lima_ipv4_net **ret, size_t *ret_count, lima_err *err);
/* Addresses of the resolvers that this computer asks, each once, best first; none is no error. */
bool lima_routes_resolvers(lima_strv *ret, lima_err *err);
