/* What qemu-img says when it fails, made into an error. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* `text` is its error output, `exit_text` how it ended, `what` the object and action ("disk image
 * '/i/disk'"). NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED; RESOURCE_EXHAUSTED for a full disk;
 * FAILED_PRECONDITION for an image in use or one that cannot do this; else UNKNOWN. Always returns false. */
bool lima_qemu_img_failed(const char *text, size_t len, const char *what, const char *exit_text,
                          lima_err *err);
