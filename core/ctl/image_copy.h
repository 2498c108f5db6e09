/* Copies of disk images for limadrv run. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "os/thread.h"
#include "phase.h"

/* Copies a file to a new one; runs of zeros become holes. RESOURCE_EXHAUSTED when the space is not there,
 * before anything is written; CANCELLED by `wake`. No half-made copy stays. */
bool lima_image_copy(const char *from, const char *to, lima_phase *phase, lima_wake *wake, lima_err *err);

/* The size of the disk that the guest sees: of qcow2 from its header, else the file's. */
bool lima_image_virtual_size(const char *path, uint64_t *ret_bytes, bool *ret_qcow2, lima_err *err);
