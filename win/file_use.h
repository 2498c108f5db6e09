/* Whether somebody has a file open so that nobody else may write to it: how the disk of a WSL distribution
 * looks while the VM has it attached, which is longer than the distribution runs. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* NOT_FOUND: no such file. The answer may be old by the time it is used: what follows must cope. */
bool lima_file_in_use(const char *path, bool *ret, lima_err *err);
