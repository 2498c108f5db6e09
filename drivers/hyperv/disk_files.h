/* Internal to disks: what making the main disk and making additional ones share. */
#pragma once

#include "hyperv/disks.h"
#include "image/disk.h"
#include "win/virtdisk.h"

enum { HYPERV_DISK_MS = 120 * 1000 }; /* for an operation on a disk's headers */

typedef struct hyperv_conversion {
    const char *what; /* for the log: "instance 'x': disk" */
    const char *from, *to;
    uint64_t size; /* 0: the image's */
    lima_wake *wake;
} hyperv_conversion;

/* An image of any format as a new VHDX; progress goes to the log. INVALID_ARGUMENT: what is no image at
 * all. */
bool lima_hyperv_convert(const hyperv_conversion *conversion, lima_err *err);
/* A new disk without anything on it. */
bool lima_hyperv_make_empty_disk(const char *path, uint64_t size, lima_err *err);
uint64_t lima_hyperv_disk_size(uint64_t wanted); /* in whole sectors */

/* disk.vhdx is as large as the configuration says, or it grows. */
bool lima_hyperv_disk_grow(const char *path, uint64_t size, lima_wake *wake, lima_err *err);

bool lima_hyperv_is_there(const char *path); /* links are followed */

/* Makes, checks, grows and locks them; what is locked when it fails is the caller's to release, too. */
bool lima_hyperv_extra_disks_take(const lima_instance *inst, lima_wake *wake, lima_strv *ret, lima_err *err);
void lima_hyperv_extra_disks_release(const lima_instance *inst, const char *vm); /* vm NULL: unlocks only */
