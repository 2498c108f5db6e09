/* `limadrv prep hyperv`: membership in Hyper-V Administrators, what is in the way, and what this has done. */
#pragma once

#include "driver/driver.h"

extern const lima_driver_preparation lima_hyperv_preparation;
