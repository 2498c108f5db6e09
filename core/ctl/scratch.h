/* Private temporary folders with short paths, because sockets live in them. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "os/file.h"

/* A new folder "lima-XXXX" in the user's folder for temporary files, for this user only. Owned, absolute. */
bool lima_scratch_make(char **ret_dir, lima_err *err);
bool lima_scratch_remove(char *dir, lima_err *err); /* the whole tree; frees `dir`; NULL does nothing */

/* Marks a folder as in use for as long as the lock is held. */
bool lima_scratch_own(const char *dir, lima_file_lock **ret, lima_err *err);
/* Removes the marked folders whose owner is gone without having cleaned up. */
void lima_scratch_sweep(void);
