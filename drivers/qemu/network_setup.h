/* The way to SSH over a user-v2 network, made beside the boot of the guest: its address is known only when
 * it has asked for one. */
#pragma once

#include "base/err.h"
#include "driver/driver.h"
#include "qemu/networks.h"
#include "qemu/vm.h"

enum {
    QEMU_LEASE_MS = 120000
}; /* LIMA_USERNET_RESOLVE_IP_ADDRESS_TIMEOUT (minutes), as limactl has it, overrides it */

/* Starts the thread; `nic` is copied. When it fails, state->network_failure tells, and lima_qemu_vm_wait
 * ends with it. */
bool lima_qemu_network_setup_start(lima_call *call, const qemu_nic *nic, const char *endpoint, lima_err *err);
/* Ends the thread, wherever it is. Fine when there is none. */
void lima_qemu_network_setup_end(qemu_state *state);
