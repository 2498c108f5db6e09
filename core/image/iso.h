/* Small ISO 9660 images: a writer for a handful of files (cidata volumes), and a detector.
 *
 * The writer makes one folder with a primary descriptor (short upper-case names) and a Joliet one, in which
 * Linux and Windows show names as given. The same input gives the same bytes: no clock, no host name. Source:
 * ECMA-119; the Joliet specification. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum {
    LIMA_ISO_FILES_MAX = 64,
    LIMA_ISO_NAME_MAX = 64,  /* UTF-16 units; Joliet's limit */
    LIMA_ISO_LABEL_MAX = 16, /* bytes; Joliet's limit, ASCII */
    LIMA_ISO_FILE_BYTES_MAX = 64 * 1024 * 1024,
};

typedef struct lima_iso_file {
    const char *name; /* UTF-8; no folder, none of * / : ; ? \ and no control characters */
    const void *bytes;
    size_t len;
} lima_iso_file;

/* Writes the image to `path` (private; made whole or not at all, replacing an older one). INVALID_ARGUMENT: a
 * name or label that does not fit, twice the same name, over a limit; else as lima_file_write. */
bool lima_iso_write(const char *path, const char *label, const lima_iso_file *files, size_t count,
                    lima_err *err);

/* Whether the file is an ISO 9660 image: a volume descriptor where one must be. Bootable hybrid images count.
 * Too short is not an error; a missing file is NOT_FOUND. */
bool lima_iso_detect(const char *path, bool *ret_is_iso, lima_err *err);
