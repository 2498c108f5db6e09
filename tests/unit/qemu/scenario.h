/* Instances and hosts whose command lines are compared with golden/NAME.args, and, where this machine can,
 * given to the real QEMU. */
#pragma once

#include "qemu/settings.h"

typedef struct scenario {
    const char *name;
    const char *config;      /* JSON with ' for " */
    const char *arch;        /* guest; NULL: x86_64 */
    qemu_host host;          /* {0}: Linux on x86_64 */
    const char *accel, *cpu; /* NULL: tcg, max */
    lima_version version;    /* {0}: 7.2.22 */
    const char *netdevs;     /* NULL: "user stream socket" */
    const char *words;       /* of QEMU_SYSTEM_*; NULL: the usual program */
    lima_generation generation;
    const char *firmware; /* NULL: none */
    bool no_disk, iso, kernel, no_cidata;
    const char *format;         /* of the boot disk; NULL: qcow2 */
    const char *extra_disks[4]; /* paths below the instance folder */
    bool real;                  /* can be tried with a real QEMU 7.2 without helpers */
} scenario;

extern const scenario scenarios[]; /* ended by one without a name */

/* `dir`: the instance folder; `program`: replaces the first word, or NULL. Fails the test when the settings
 * cannot be made. */
void scenario_settings(const scenario *s, const char *dir, const char *program, qemu_settings *ret);
