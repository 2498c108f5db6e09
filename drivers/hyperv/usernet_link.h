/* One guest on its network in user space: frames on a stream to and from libslirp, in a thread of its own, with a
 * network (addresses, connections) that begins and ends with the stream.
 *
 * The guest is 192.168.5.15/24, the gateway and this computer's 127.0.0.1 are 192.168.5.2, names are resolved at
 * 192.168.5.3: what Lima's own scripts expect. IPv4 only: TCP, UDP, ICMP to the gateway. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "os/stream.h"

typedef struct hyperv_link hyperv_link;
/* The stream, a socket, is the link's from now on, also on failure. The link ends by itself when the guest does or sends
 * what is no frame; it has to be closed all the same. One at a time in a process: libslirp keeps some
 * things once. RESOURCE_EXHAUSTED. */
bool lima_hyperv_link_open(lima_stream *guest, hyperv_link **ret, lima_err *err);
void lima_hyperv_link_close(hyperv_link *link); /* NULL does nothing */
