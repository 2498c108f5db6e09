/* `mounts` of the configuration: folders of Windows in the guest (facts: wsl.md 7). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "driver/instance.h"

enum { WSL2_MOUNTS_MAX = 256 };

typedef struct wsl2_mount {
    char *location; /* owned; absolute Windows path, "~" expanded, backslashes */
    char *point;    /* owned; absolute path in the guest, never "/" */
    bool writable;
} wsl2_mount;

typedef struct wsl2_mounts {
    wsl2_mount *items; /* owned */
    size_t len;
} wsl2_mounts;

/* Reads config.mounts. `home` for "~". A location may be "C:\x", "C:/x", "/c/x" (as limactl under MSYS2
 * writes) or "\\server\share". INVALID_ARGUMENT naming the key: relative, drive-relative (C:x) or device
 * paths, a mount point that is not absolute, "/" or below /proc, /sys, /dev; two mounts on one point. */
bool lima_wsl2_mounts_read(const lima_instance *inst, const char *home, wsl2_mounts *ret, lima_err *err);
void lima_wsl2_mounts_free(wsl2_mounts *mounts);

/* POSIX sh, for /bin/sh -s as root. Per mount: wslpath and a bind mount, else drvfs by itself (UNC paths,
 * other drives, automount off), owned by uid:gid; read-only unless writable; one that is there already stays.
 * It ends with 0 whatever happens to single mounts, and prints one line each (lima_wsl2_mounts_result).
 * Owned. */
char *lima_wsl2_mounts_script(const wsl2_mounts *mounts, uint32_t uid, uint32_t gid);
/* One line of that script's output: "lima mount 3 ok" or "lima mount 3 failed WORDS". False: another line.
 * `ret_why` points into the line ("" when ok). */
bool lima_wsl2_mounts_result(const char *line, size_t *ret_index, bool *ret_ok, const char **ret_why);
