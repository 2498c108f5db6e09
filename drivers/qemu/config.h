/* The qemu driver's part of an instance's configuration: filling defaults and refusing what cannot run
 * (facts: lima-driver-contract 6.1.1). Warnings (deprecated or ignored keys) go to the log; errors are
 * returned. Besides the document only INSTDIR/lima-version is read, to see instances made by Lima before
 * 1.0. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "driver/instance.h"

/* Fills video.vnc.display, vmOpts.qemu.cpuType (from the old top-level cpuType), mountType and
 * mounts[].virtiofs.queueSize. INVALID_ARGUMENT naming the key; the instance is then unchanged. Running it
 * again changes nothing. */
bool lima_qemu_configure(lima_instance *inst, lima_err *err);

/* INVALID_ARGUMENT naming the key and what is allowed; UNIMPLEMENTED naming what this driver does not do:
 * guests other than Linux, architectures other than x86_64 and aarch64, named networks other than user-v2. */
bool lima_qemu_validate(const lima_instance *inst, lima_err *err);

/* The same for a given host: "linux", "darwin", "windows" as in lima_host.os. For tests; the two above pass
 * this host's. */
bool lima_qemu_configure_on(lima_instance *inst, const char *host_os, lima_err *err);
bool lima_qemu_validate_on(const lima_instance *inst, const char *host_os, lima_err *err);
