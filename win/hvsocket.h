/* Streams into a virtual machine of Hyper-V or WSL: from the host to a vsock port of the guest.
 *
 * Plain C: tests on other hosts implement it as they like. Not available in Wine. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "os/clock.h"
#include "os/stream.h"
#include "os/thread.h"

/* Connects to the port on which a program in the guest listens (AF_VSOCK, any CID). `vm_id`: the VM's GUID,
 * with or without braces, in any case; the runtime id of HCS, which changes with each start of the VM. No
 * administrator is needed where the VM admits this user (WSL does). FAILED_PRECONDITION: this Windows has no
 * hvsockets; INVALID_ARGUMENT: no GUID; UNAVAILABLE: no such VM, or nobody listens; PERMISSION_DENIED: the VM
 * belongs to another user; DEADLINE_EXCEEDED, CANCELLED. */
bool lima_hvsocket_connect(const char *vm_id, uint32_t port, lima_deadline deadline, lima_wake *wake,
                           lima_stream **ret, lima_err *err);
