/* Snapshots of a stopped instance: copies of its disk, or exports where WSL holds the disk (facts: wsl.md
 * 8). */
#pragma once

#include "driver/driver.h"

extern const lima_driver_snapshots lima_wsl2_snapshots;
