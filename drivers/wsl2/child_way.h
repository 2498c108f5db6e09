/* A way into the guest: the standard handles of a wsl.exe child. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/way.h"

/* Runs argv (of argv.h); what it says on its standard error is dropped. */
bool lima_wsl2_child_way(const lima_strv *argv, lima_way *ret, lima_err *err);
