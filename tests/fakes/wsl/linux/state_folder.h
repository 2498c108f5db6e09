/* Where the stand-in keeps its state: WSLSIM_STATE. Shared by the Linux halves of win/registry.h and the
 * others. */
#pragma once

#include "base/err.h"

/* Owned path below the state folder. FAILED_PRECONDITION without WSLSIM_STATE, which is the test's
 * mistake. */
char *state_folder_path(const char *name, lima_err *err);
