/* The end of an instance. */
#pragma once

#include "driver/driver.h"

/* lima_driver.remove: registration and disk, what WSL put into menus, and what a killed process left. A
 * distribution of our name that lies elsewhere stays. */
bool lima_wsl2_remove(lima_call *call, lima_err *err);
