/* What an instance derives from what it is: values that limactl and the driver must compute alike (facts:
 * lima-driver-contract 4.2), and numbers of its own. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/guid.h"
#include "driver/driver.h"

enum { LIMA_MAC_SIZE = 18 };

/* The MAC address of an instance's first NIC: from lima_host.machine_id and INSTDIR. "52:55:55:xx:xx:xx". */
void lima_identity_mac(const char *machine_id, const char *inst_dir, char ret[LIMA_MAC_SIZE]);

/* The tag by which the guest mounts folder `index`; `location` and `mount_point` as the configuration has
 * them. Owned. */
char *lima_identity_mount_tag(lima_generation generation, size_t index, const char *location,
                              const char *mount_point);

/* A number in [min, max] for the instance whose folder is `seed` (any spelling of the path gives the same
 * number): stable, evenly spread, another one for attempt 0, 1, 2, … when one is taken. Numbers of different
 * kinds are drawn independently. */
uint32_t lima_identity_draw(const char *kind, const char *seed, unsigned attempt, uint32_t min, uint32_t max);
/* Likewise a GUID. */
void lima_identity_guid(const char *kind, const char *seed, char ret[LIMA_GUID_SIZE]);
