/* The VNC display of the running VM. */
#pragma once

#include "driver/driver.h"

/* The group of the driver table. */
extern const lima_driver_display lima_qemu_display;
