/* Descriptors of files, shared by the modules of posix/. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/err.h"

/* Opens a regular file, creating it private if the flags say so; never blocks. -1: *err is set;
 * INVALID_ARGUMENT for anything else than a regular file. */
int lima_posix_open_regular(const char *path, int flags, struct stat *ret, lima_err *err);
/* Makes the last change of a name in the folder of `path` durable. */
bool lima_posix_flush_dir_of(const char *path, lima_err *err);
/* "PREFIX" and random letters, for a name that nobody else has or guesses; cut to `size`. False: no
 * randomness. */
bool lima_posix_random_name(const char *prefix, size_t letters, const char *suffix, char *into, size_t size);
