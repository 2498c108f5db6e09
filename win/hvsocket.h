/* Streams between this computer and a virtual machine of Hyper-V or WSL, over vsock ports.
 *
 * Plain C: tests on other hosts implement it as they like. Not available in Wine. Facts: hyperv-hcs.md 6. Ports are
 * the guest's AF_VSOCK ports. `vm_id` everywhere: the VM's GUID, with or without braces, in any case; what HCS
 * calls the runtime id, which is the id of a compute system if that is a GUID. No administrator is needed where
 * the VM admits this user (WSL does; for ours the VM's document says so). */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "os/clock.h"
#include "os/stream.h"
#include "os/thread.h"

/* Connects to the port on which a program in the guest listens (any CID). FAILED_PRECONDITION: this Windows has no
 * hvsockets; INVALID_ARGUMENT: no GUID; UNAVAILABLE: no such VM, or nobody listens; PERMISSION_DENIED: the VM
 * belongs to another user; DEADLINE_EXCEEDED, CANCELLED. */
bool lima_hvsocket_connect(const char *vm_id, uint32_t port, lima_deadline deadline, lima_wake *wake,
                           lima_stream **ret, lima_err *err);

/* What the guest reaches as CID 2 (the host) at that port. Listen before the VM starts, and after it was created;
 * the listener stays when the VM goes, and serves only that VM. One listener belongs to one thread at a time. */
typedef struct lima_hvsocket_listener lima_hvsocket_listener;

/* ALREADY_EXISTS: somebody listens there for that VM; UNAVAILABLE: no such VM; else as connect. */
bool lima_hvsocket_listen(const char *vm_id, uint32_t port, lima_hvsocket_listener **ret, lima_err *err);
/* DEADLINE_EXCEEDED, CANCELLED. A peer that has gone before it was accepted is skipped. */
bool lima_hvsocket_accept(lima_hvsocket_listener *listener, lima_deadline deadline, lima_wake *wake,
                          lima_stream **ret, lima_err *err);
void lima_hvsocket_close(lima_hvsocket_listener *listener); /* NULL does nothing; accepted streams live on */
