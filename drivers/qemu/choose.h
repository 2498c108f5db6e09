/* Which program, accelerator and CPU model to run, and whether the QEMU found is new enough. Pure: what is
 * known about the host comes in. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/instance.h"
#include "qemu/help_text.h"

/* The host, as far as these choices depend on it. */
typedef struct qemu_host {
    const char *os;   /* as lima_host.os */
    const char *arch; /* as lima_host.arch */
    bool no_host_cpu; /* macOS on a processor with SME: `-cpu host` does not work there */
} qemu_host;

/* "QEMU_SYSTEM_X86_64", "QEMU_SYSTEM_AARCH64": the variable that replaces the program. Static; NULL for an
 * unknown architecture. */
const char *lima_qemu_program_variable(const char *guest_arch);
/* The words to start QEMU with: the first is the program, the rest are its first arguments. `value` is that
 * variable's value (NULL or blank: "qemu-system-ARCH"), split like a shell does. INVALID_ARGUMENT naming the
 * variable, also for a program by a relative path. */
bool lima_qemu_program_words(const char *guest_arch, const char *value, lima_strv *ret, lima_err *err);

/* The accelerator that could run this guest on this host: "kvm", "hvf", "whpx", "nvmm", or NULL when only
 * emulation can. Static. Only when it is not NULL need the host be tried. */
const char *lima_qemu_native_accel(const char *guest_arch, const qemu_host *host);

/* What trying the native accelerator gave. */
typedef struct qemu_accel_probe {
    bool usable;
    char reason[256]; /* why not: "/dev/kvm: permission denied (hint: add yourself to the group kvm)" */
} qemu_accel_probe;

typedef struct qemu_choice {
    const char *accel; /* static */
    char cpu[256];
    char warning[640]; /* "" or what the user should know, without newline */
} qemu_choice;

/* Falls back to "tcg" with a warning when the native accelerator is unusable or not in this program;
 * FAILED_PRECONDITION when tcg is not in it either. `probe` may be NULL when there is no native
 * accelerator. */
bool lima_qemu_choose_accel(const char *guest_arch, const qemu_host *host, const qemu_features *features,
                            const qemu_accel_probe *probe, qemu_choice *choice, lima_err *err);
/* After choose_accel: vmOpts.qemu.cpuType of the instance, else what suits accelerator and host.
 * INVALID_ARGUMENT when this program does not know the model. Adds to choice->warning. */
bool lima_qemu_choose_cpu(const lima_instance *inst, const qemu_host *host, const qemu_features *features,
                          qemu_choice *choice, lima_err *err);

/* FAILED_PRECONDITION below what this driver or vmOpts.qemu.minimumVersion needs. `ret_warning` (owned, NULL:
 * none) below what is recommended, or when the version is unknown. */
bool lima_qemu_check_version(const lima_instance *inst, const qemu_host *host, const qemu_features *features,
                             char **ret_warning, lima_err *err);
