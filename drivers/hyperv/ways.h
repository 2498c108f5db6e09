/* Ways from this computer into the guest: for SSH and for limactl's guest agent. */
#pragma once

#include "driver/driver.h"

#define HYPERV_AGENT_SOCKET "ga.sock"
enum { HYPERV_AGENT_PORT = 2222 }; /* vsock port in the guest; each VM has ports of its own */

/* Both take over a VM that an earlier process of this driver has started (vm.h). */

/* lima_driver.setup_ssh: 127.0.0.1 at the instance's SSH port leads to the guest's port 22, over its network or, if
 * that is in user space, over a socket of the VM. So `ssh.config`, which
 * limactl writes before the guest has an address, is right. */
bool lima_hyperv_ways_ssh(lima_call *call, lima_err *err);
/* INSTDIR\ga.sock leads to the agent's vsock port. Each connection finds its own way, so a guest agent that starts
 * anew is met again. */
extern const lima_driver_guest_agent lima_hyperv_agent;
