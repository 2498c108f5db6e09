/* The size of an instance's disk. */
#pragma once

#include "driver/instance.h"
#include "os/thread.h"

/* Brings the disk of a stopped distribution to the configured size, once. What cannot be done now (WSL
 * holds the disk a minute longer than the distribution runs) is done at a later start; what cannot be done
 * at all is told in the log. */
void lima_wsl2_disk_resize(const lima_instance *inst, lima_wake *wake);
