/* The qemu driver: QEMU as a Lima driver (README.md of this folder). */
#pragma once

#include "driver/driver.h"

extern const lima_driver lima_qemu_driver;
