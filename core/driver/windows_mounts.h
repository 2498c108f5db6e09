/* `mounts` of the configuration on a Windows host: folders of Windows in the guest. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "driver/instance.h"

enum { LIMA_WINDOWS_MOUNTS_MAX = 256 };

typedef struct lima_windows_mount {
    char *location; /* owned; absolute Windows path, "~" expanded, backslashes */
    char *point;    /* owned; absolute path in the guest, never "/" */
    bool writable;
} lima_windows_mount;

typedef struct lima_windows_mounts {
    lima_windows_mount *items; /* owned */
    size_t len;
} lima_windows_mounts;

/* Reads config.mounts. `home` for "~". A location may be "C:\x", "C:/x", "/c/x" (as limactl under MSYS2
 * writes) or "\\server\share"; a mount point left out is /mnt/c/x. INVALID_ARGUMENT naming the key: relative,
 * drive-relative (C:x) or device paths, a mount point that is not absolute, "/", or a folder of the guest's
 * system or of the driver in it (/run/lima-NAME); two mounts on one point. */
bool lima_windows_mounts_read(const lima_instance *inst, const char *home, lima_windows_mounts *ret,
                              lima_err *err);
/* The same, for its errors only. */
bool lima_windows_mounts_check(const lima_instance *inst, const char *home, lima_err *err);
void lima_windows_mounts_free(lima_windows_mounts *mounts);
