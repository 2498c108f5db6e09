/* The guest agent's connections: INSTDIR\ga.sock here, the agent's vsock port or Unix socket there. */
#pragma once

#include "driver/driver.h"

#define WSL2_AGENT_SOCKET "ga.sock"
#define WSL2_GUEST_AGENT_SOCKET "/run/lima-guestagent.sock"

/* connect: opens the door once; each connection finds its own way, so a guest agent that starts anew is
 * met again. */
extern const lima_driver_guest_agent lima_wsl2_agent;
