/* What the pure configuration (config.h) has to know of this computer and the instance folder. */
#pragma once

#include "base/err.h"
#include "driver/instance.h"

bool lima_wsl2_fill(lima_instance *inst, lima_err *err); /* lima_driver.configure */
bool lima_wsl2_check(const lima_instance *inst,
                     lima_err *err); /* lima_driver.validate; warnings go to the log */
