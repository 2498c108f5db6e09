/* Filling and checking the configuration with what is true of this computer (config.h). */
#pragma once

#include "driver/driver.h"

bool lima_hyperv_fill(lima_instance *inst, lima_err *err);
bool lima_hyperv_check(const lima_instance *inst, lima_err *err);
