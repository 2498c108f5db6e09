/* Folders of Windows in the guest (facts: wsl.md 7). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/windows_mounts.h"

/* POSIX sh, for /bin/sh -s as root. Per mount: wslpath and a bind mount, else drvfs by itself (UNC paths,
 * other drives, automount off), owned by uid:gid; read-only unless writable; one that is there already stays.
 * It ends with 0 whatever happens to single mounts, and prints one line each (lima_wsl2_mounts_result).
 * Owned. */
char *lima_wsl2_mounts_script(const lima_windows_mounts *mounts, uint32_t uid, uint32_t gid);
/* One line of that script's output: "lima mount 3 ok" or "lima mount 3 failed WORDS". False: another line.
 * `ret_why` points into the line ("" when ok). */
bool lima_wsl2_mounts_result(const char *line, size_t *ret_index, bool *ret_ok, const char **ret_why);
