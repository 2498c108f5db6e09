/* The guest agent's connections: INSTDIR\ga.sock here, the agent's vsock port or Unix socket there. */
#pragma once

#include "driver/driver.h"
#include "wsl2/vm.h"

#define WSL2_AGENT_SOCKET "ga.sock"
#define WSL2_GUEST_AGENT_SOCKET "/run/lima-guestagent.sock"

/* connect: opens the door once; each connection finds its own way, so a guest agent that starts anew is
 * met again. */
extern const lima_driver_guest_agent lima_wsl2_agent;

/* The vsock port for the agent of a start, whose VM runs: the instance's own, or another when something in the VM has
 * it. 0, with the reason in the log: no way leads to vsock ports here, so it has to listen on its Unix socket.
 * `last`: of the last start; what listens there is the instance's own agent, started before by the guest. */
uint32_t lima_wsl2_agent_choose_port(const lima_instance *inst, const wsl2_reach *reach, uint32_t last,
                                     lima_wake *wake);
