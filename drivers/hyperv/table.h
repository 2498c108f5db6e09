/* The driver's table, for main and tests. */
#pragma once

#include "driver/driver.h"

extern const lima_driver lima_hyperv_driver;
