/* Values that limactl and the driver must compute alike (facts: lima-driver-contract 4.2). */
#pragma once

#include <stddef.h>

#include "driver/driver.h"

enum { QEMU_MAC_SIZE = 18 };

/* The MAC address of an instance's first NIC: from lima_host.machine_id and INSTDIR. "52:55:55:xx:xx:xx". */
void lima_qemu_mac(const char *machine_id, const char *inst_dir, char ret[QEMU_MAC_SIZE]);

/* The tag by which the guest mounts folder `index`; `location` and `mount_point` as the configuration has
 * them. Owned. */
char *lima_qemu_mount_tag(lima_generation generation, size_t index, const char *location,
                          const char *mount_point);
