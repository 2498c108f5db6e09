/* The script that mounts shares in the guest. */
#pragma once

#include "driver/instance.h"

/* lima_boot_script.make. NULL: there is nothing to mount, or what there is would be refused by a start. */
char *lima_hyperv_mounts_script(const lima_instance *inst);
