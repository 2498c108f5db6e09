/* Codes of Windows and Winsock as errors of this project. */
#pragma once

#include "base/err.h"

/* "fmt: what the system says (Windows error N)"; the code as the contract headers promise it. `os_error` is
 * what GetLastError or WSAGetLastError gave. Always returns false. */
bool lima_win_fail(lima_err *err, unsigned long os_error, const char *fmt, ...) LIMA_PRINTF(3, 4);
lima_code lima_win_code(unsigned long os_error);
/* Somebody has the file open who shares too little: worth another try soon. */
bool lima_win_is_busy(unsigned long os_error);
