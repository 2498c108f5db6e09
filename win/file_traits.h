/* What a file or folder is beside its content: how NTFS keeps it, and where it lies. For what may not be so
 * (facts hyperv-hcs.md 8.5).
 *
 * Plain C: tests on other hosts implement it as they like. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

typedef struct lima_file_traits {
    bool compressed, encrypted; /* of a folder: what is made in it is */
    bool sparse, read_only;     /* of files */
    bool folder;
    bool remote;          /* on another computer */
    char file_system[32]; /* "NTFS", "ReFS", "FAT32", …; "" if it is not told */
} lima_file_traits;

/* NOT_FOUND. */
bool lima_file_traits_get(const char *path, lima_file_traits *ret, lima_err *err);
