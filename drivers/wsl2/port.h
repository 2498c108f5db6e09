/* Numbers that this driver chooses: ports of a start. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "driver/instance.h"
#include "wsl2/guest.h"

/* `ret_port` on 127.0.0.1: what limactl has chosen, else one of the instance's own that is free.
 * `ret_guest_port`: the same, unless something in the VM, which all distributions share, has it.
 * RESOURCE_EXHAUSTED. */
bool lima_wsl2_choose_ports(const lima_instance *inst, const wsl2_guest *guest, uint16_t *ret_port,
                            uint16_t *ret_guest_port, lima_err *err);
/* The guest agent's vsock port; 0 where the VM's id cannot be learnt, and the agent listens on a Unix
 * socket. */
uint32_t lima_wsl2_agent_port(const lima_instance *inst);
