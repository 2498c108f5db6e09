/* errno as an error of this project. */
#pragma once

#include "base/err.h"

/* "fmt: what the system says"; the code as the contract headers promise it. Always returns false. */
bool lima_posix_fail(lima_err *err, int os_error, const char *fmt, ...) LIMA_PRINTF(3, 4);
