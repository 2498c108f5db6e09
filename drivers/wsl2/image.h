/* What an image file is, by its content: `image` in the instance folder has no extension. WSL takes tar
 * archives in any compression that bsdtar knows (facts: wsl.md 1.5); all else is refused here, in words,
 * before minutes are spent. Looks into no compressed data. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef enum wsl2_image {
    WSL2_IMAGE_UNKNOWN = 0, /* refused */
    WSL2_IMAGE_TAR,         /* accepted, as the compressed ones */
    WSL2_IMAGE_GZIP,
    WSL2_IMAGE_XZ,
    WSL2_IMAGE_BZIP2,
    WSL2_IMAGE_ZSTD,
    WSL2_IMAGE_LZ4,
    WSL2_IMAGE_LZMA,
    WSL2_IMAGE_EMPTY, /* refused, as all that follow */
    WSL2_IMAGE_TRUNCATED,
    WSL2_IMAGE_QCOW2,
    WSL2_IMAGE_VHDX,
    WSL2_IMAGE_VHD,
    WSL2_IMAGE_VMDK,
    WSL2_IMAGE_VDI,
    WSL2_IMAGE_RAW_DISK, /* partition table or a bare file system */
    WSL2_IMAGE_ISO,
    WSL2_IMAGE_SQUASHFS,
    WSL2_IMAGE_ZIP,
    WSL2_IMAGE_HTML, /* a web server's error page */
} wsl2_image;

/* bytes wanted from the beginning (less if the file is shorter) and from the end */
enum { WSL2_IMAGE_HEAD = 36 * 1024, WSL2_IMAGE_TAIL = 1024 };

typedef struct wsl2_image_bytes {
    const uint8_t *head;
    size_t head_len; /* min(size, WSL2_IMAGE_HEAD) */
    const uint8_t *tail;
    size_t tail_len; /* min(size, WSL2_IMAGE_TAIL) */
    uint64_t size;   /* of the file */
} wsl2_image_bytes;

wsl2_image lima_wsl2_image_kind(const wsl2_image_bytes *bytes);
const char *lima_wsl2_image_name(wsl2_image kind); /* "a tar archive", "a qcow2 disk image", … */
bool lima_wsl2_image_accepted(wsl2_image kind);
/* INVALID_ARGUMENT with the command that makes a tar archive of `path`; DATA_LOSS for EMPTY and TRUNCATED. */
bool lima_wsl2_image_check(wsl2_image kind, const char *path, lima_err *err);
