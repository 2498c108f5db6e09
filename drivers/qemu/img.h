/* Running qemu-img, with deadlines. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "os/thread.h"
#include "qemu/image_info.h"

enum {
    QEMU_IMG_INFO_MS = 60000,
    QEMU_IMG_WORK_MS = 600000, /* create, check, snapshot: may write a lot */
};

/* Runs `qemu-img ARGS…`; `args` ends with NULL. stdout is added to `ret_out` (may be NULL). `what` is the
 * object and action for error texts, which have qemu-img's own words. NOT_FOUND: not installed. */
bool lima_qemu_img_run(const char *const *args, const char *what, uint32_t limit_ms, lima_wake *wake,
                       lima_buf *ret_out, lima_err *err);
/* `format` NULL: qemu-img finds out. The image may be in use. */
bool lima_qemu_img_info(const char *path, const char *format, lima_wake *wake, qemu_image_info *ret,
                        lima_err *err);
/* DATA_LOSS for an image whose tables are damaged or point past its end, as in one that was cut short. Takes
 * time with the image's size. */
bool lima_qemu_img_check(const char *path, const char *format, lima_wake *wake, lima_err *err);
/* DATA_LOSS for a qcow2 image that was cut short. Quick for one that is whole; only one that looks cut is
 * checked, and the check decides. Other formats pass. */
bool lima_qemu_img_check_end(const char *path, const char *format, lima_wake *wake, lima_err *err);
