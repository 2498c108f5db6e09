/* virtiofsd, the daemon behind a virtiofs mount (facts: lima-driver-contract 6.1.6). */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "os/thread.h"
#include "qemu/helper.h"
#include "qemu/mounts.h"

/* Starts one per mount; nothing when the mounts are of another kind. NOT_FOUND with what to install. Adds to
 * `list` also on failure, what was started until then. */
bool lima_qemu_virtiofsd_start_all(const char *qemu, const qemu_mounts *mounts, const char *inst_dir,
                                   lima_wake *wake, qemu_helpers *list, lima_err *err);

/* Pure: the binary a description names if it is of type "fs", else NULL. Owned. */
char *lima_qemu_virtiofsd_binary(const char *json, size_t len);
/* Pure: what `--version` printed is that of the daemon that knows --shared-dir; QEMU's own old one is not. */
bool lima_qemu_virtiofsd_usable(const char *version_text);
