/* What one QEMU program can do, read from its help texts. One parser per text, each given only its own text,
 * so that no list can take words from another. An empty list means "unknown": the probe failed, and nothing
 * is refused because of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"

typedef struct qemu_features {
    lima_version version; /* 0.0.0: unknown */
    lima_strv accels;     /* "tcg", "kvm", … */
    lima_strv netdevs;    /* "user", "stream", … */
    lima_strv cpus;       /* "max", "qemu64", "cortex-a72", … */
} qemu_features;

enum { QEMU_HELP_BYTES_MAX = 1024 * 1024, QEMU_HELP_WORDS_MAX = 4096 }; /* longer texts are cut there */

/* One probe: the arguments after the program, and the parser of its output (stdout, or stderr when that is
 * empty). */
typedef struct qemu_probe {
    const char *args[6]; /* NULL-terminated */
    bool (*parse)(const char *text, qemu_features *features, lima_err *err);
} qemu_probe;

/* The probes for a guest architecture, ended by one with args[0] == NULL. Static. The first two (--version,
 * accelerators) must succeed for a start, the rest may fail with a warning. */
const qemu_probe *lima_qemu_probes(const char *guest_arch);

/* UNKNOWN with the first line when the text is not what QEMU prints; the list is then unchanged. */
bool lima_qemu_parse_version(const char *text, qemu_features *features, lima_err *err);
bool lima_qemu_parse_accels(const char *text, qemu_features *features, lima_err *err);
bool lima_qemu_parse_netdevs(const char *text, qemu_features *features, lima_err *err);
bool lima_qemu_parse_cpus(const char *text, qemu_features *features, lima_err *err);

void lima_qemu_features_free(qemu_features *features);
