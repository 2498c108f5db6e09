/* QEMU's command line (facts: lima-driver-contract 6.1.5 tells Lima's own). Pure: the same settings give the
 * same list. */
#pragma once

#include "base/strv.h"
#include "qemu/settings.h"

/* The whole argument list, program first. Options that can stand only once and are already among the words of
 * QEMU_SYSTEM_* are left out. */
void lima_qemu_argv(const qemu_settings *settings, lima_strv *ret);

/* Which of our options were left out because of QEMU_SYSTEM_*: "-cpu", "-m", …: for a warning. */
void lima_qemu_argv_overridden(const qemu_settings *settings, lima_strv *ret);
