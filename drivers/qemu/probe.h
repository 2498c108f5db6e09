/* Asking a QEMU program what it can do, and trying the host's accelerator. Answers are kept for the life of
 * this process, per program file and modification time, so that an upgraded QEMU is asked again. Any
 * thread. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "os/thread.h"
#include "qemu/choose.h"
#include "qemu/help_text.h"

enum {
    QEMU_PROBE_MS = 10000,    /* one help text */
    QEMU_ACCEL_TRY_MS = 3000, /* trying the accelerator: a hanging /dev/kvm costs so much, once */
    QEMU_PROBE_CACHE_MAX = 8, /* programs; the oldest goes */
};

/* `words`: the program (absolute path) and its first arguments. Help texts that must be there but are not
 * fail: UNKNOWN with QEMU's words, DEADLINE_EXCEEDED when it hangs. Others that fail are logged and stay
 * empty. *ret: owned copy. */
bool lima_qemu_probe_features(const lima_strv *words, const char *guest_arch, lima_wake *wake,
                              qemu_features *ret, lima_err *err);

/* Whether QEMU gets as far as a virtual processor of model `cpu` with this accelerator: QEMU is run, with a
 * deadline, in a process of its own, since devices may be there and yet be forbidden, hang, or make QEMU
 * abort. A machine that runs nothing is made and ended at once. */
qemu_accel_probe lima_qemu_probe_accel(const lima_strv *words, const char *guest_arch, const char *accel,
                                       const char *cpu, lima_wake *wake);
