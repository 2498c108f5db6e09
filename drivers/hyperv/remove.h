#pragma once

#include "driver/driver.h"

/* lima_driver.remove: nothing of the instance stays but its folder, which limactl removes. */
bool lima_hyperv_remove(lima_call *call, lima_err *err);
