/* The network in user space of one VM, over hvsocket: for a VM without an adapter. Its helper in the guest
 * (guest/network.py) connects to us, and again when the connection breaks; each is served anew, and the last one
 * counts. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

enum {
    HYPERV_USERNET_PORT = 2223, /* vsock port at which this computer listens for the guest */
    HYPERV_SSH_PORT = 22,       /* vsock port at which the guest's helper leads to its sshd */
};

typedef struct hyperv_usernet hyperv_usernet;
/* Once the VM was created; better before it starts, since then the guest finds us at its first try.
 * ALREADY_EXISTS: another process serves it; else as lima_hvsocket_listen. */
bool lima_hyperv_usernet_open(const char *vm_id, const char *instance, hyperv_usernet **ret, lima_err *err);
void lima_hyperv_usernet_close(hyperv_usernet *net); /* ends the guest's connection; NULL does nothing */
