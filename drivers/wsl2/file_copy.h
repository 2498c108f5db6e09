/* Copying a large file. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "os/thread.h"

/* To a new file; progress goes to the log. On failure, and when the wake is raised, there is no copy. */
bool lima_wsl2_file_copy(const char *from, const char *to, lima_wake *wake, lima_err *err);
