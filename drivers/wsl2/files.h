/* Small questions about files. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "driver/instance.h"

bool lima_wsl2_exists(const char *path); /* links count; NULL does not exist */
/* Bytes; 0 when missing. Fits wsl2_run.progress (wsl_exe.h): `path` is a const char *. */
uint64_t lima_wsl2_file_size(void *path);
/* Of the instance folder. A missing one is fine. */
bool lima_wsl2_remove_file(const lima_instance *inst, const char *name, lima_err *err);
