/* Opening a listening socket, apart from what is done with it. */
#pragma once

#include <sys/stat.h>

#include "base/err.h"

/* A socket that listens at `path` as os/listener.h promises; *ret_file tells its file apart. -1: *err is
 * set. */
int lima_posix_listen_at(const char *path, struct stat *ret_file, lima_err *err);
