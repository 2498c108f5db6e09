/* What a qcow2 image's own book-keeping says of its file. Source: the qcow2 specification in QEMU's documents
 * (docs/interop/qcow2.txt). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Where the last cluster begins that the image counts as used: the file of a whole image reaches past it
 * (that cluster itself may be there in part). Reads the header, the end of the table of counts and a block or
 * two of it, whatever the image's size. The counts may be too high, after a crash: a file that ends earlier
 * is not for sure damaged.
 *
 * INVALID_ARGUMENT: no qcow2 image. DATA_LOSS: the file ends before what was to be read, or the header
 * contradicts itself. FAILED_PRECONDITION: the image says itself that its counts are not up to date. */
bool lima_qcow2_last_cluster(const char *path, uint64_t *ret_offset, lima_err *err);
