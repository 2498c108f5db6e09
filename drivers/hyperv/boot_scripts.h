/* What these VMs need in the guest, as scripts that limactl puts among Lima's own; they run at every boot, in the
 * order of their names, but not in plain mode (facts: lima-driver-contract 4.5). */
#pragma once

#include "driver/driver.h"

/* lima_driver.boot_scripts. Those without `make` look for themselves whether they are needed. */
size_t lima_hyperv_boot_scripts(const lima_instance *inst, const lima_boot_script **ret);
