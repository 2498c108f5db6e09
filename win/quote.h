/* Command lines of Windows as text. Pure, and the same on every host. */
#pragma once

#include "base/err.h"

enum { LIMA_QUOTE_MAX = 32766 }; /* UTF-16 units of a command line */

/* One text from which CommandLineToArgvW and the C libraries of Windows make exactly these arguments
 * again. An argument is put into quotes only when it needs them: some programs (wsl.exe) look at the text
 * itself. Owned. INVALID_ARGUMENT: a program name that is empty or has a quotation mark, for which there
 * is no way; more bytes than any text of LIMA_QUOTE_MAX units has (whoever converts it counts the units). */
bool lima_quote(const char *const *argv, char **ret, lima_err *err);
