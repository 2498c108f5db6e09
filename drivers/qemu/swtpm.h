/* swtpm, the software TPM behind `tpm: true` (facts: lima-driver-contract 6.1.6). */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "qemu/helper.h"

/* Starts swtpm with its state in INSTDIR/swtpm, listening on `socket`. NOT_FOUND: not installed.
 * INVALID_ARGUMENT: a comma in the path, which swtpm cannot take. */
bool lima_qemu_swtpm_start(const char *inst_dir, const char *socket, qemu_helpers *list, lima_err *err);
