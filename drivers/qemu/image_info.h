/* What `qemu-img info --output=json FILE` says about a disk image, and whether the driver may run it. Images
 * that refer to other files are refused: a downloaded image must not be able to name files of the host. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "driver/driver.h"

typedef struct qemu_image_info {
    char *format;         /* owned; never NULL after parsing */
    char *backing_file;   /* owned; NULL: none */
    char *data_file;      /* owned; qcow2 external data; NULL: none */
    char *foreign_extent; /* owned; an extent or child that is another file; NULL: none */
    bool encrypted, corrupt;
    lima_snapshot_list snapshots; /* of the image */
} qemu_image_info;

enum { QEMU_IMAGE_INFO_BYTES_MAX = 4 * 1024 * 1024, QEMU_SNAPSHOTS_MAX = 4096 };

/* `path` is the file that was asked about (extents are compared with it). UNKNOWN when the text is not what
 * qemu-img prints, with the part that is wrong. */
bool lima_qemu_image_info_parse(const char *json, size_t len, const char *path, qemu_image_info *ret,
                                lima_err *err);
/* INVALID_ARGUMENT with the reason and what to do: unknown or missing format, backing file, external data
 * file, several extents, encryption. DATA_LOSS for an image marked corrupt. */
bool lima_qemu_image_info_check(const qemu_image_info *info, const char *path, lima_err *err);
void lima_qemu_image_info_free(qemu_image_info *info);

/* The formats that pass the check, for Info: NULL-terminated, static. */
const char *const *lima_qemu_image_formats(void);
