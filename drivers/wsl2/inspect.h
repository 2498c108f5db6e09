/* What is true of an instance now, and which distributions run. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/driver.h"
#include "os/thread.h"
#include "wsl2/look.h"

/* lima_driver.inspect: registry, keeper and at most one quiet list of wsl.exe, all within WSL2_INSPECT_MS. */
bool lima_wsl2_inspect(const lima_instance *inst, lima_vm_status *ret, lima_err *err);

/* Names of the distributions that run. `known`: lima_wsl2_look.names. */
bool lima_wsl2_running_names(const char *exe, const lima_strv *known, uint64_t limit_ms, lima_wake *wake,
                             lima_strv *ret, lima_err *err);
/* Whether this one runs. */
bool lima_wsl2_runs(const char *exe, const wsl2_look *look, uint64_t limit_ms, lima_wake *wake, bool *ret,
                    lima_err *err);
