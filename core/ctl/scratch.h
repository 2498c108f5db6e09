/* Private temporary folders with short paths, because sockets live in them. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* A new folder "lima-XXXX" in the user's folder for temporary files, for this user only. Owned, absolute. */
bool lima_scratch_make(char **ret_dir, lima_err *err);
bool lima_scratch_remove(char *dir, lima_err *err); /* the whole tree; frees `dir`; NULL does nothing */
