/* QEMU's last words, made into an error a user can act on. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* What the texts name. Strings may be NULL. */
typedef struct qemu_death {
    const char *program;   /* "qemu-system-x86_64" or its path */
    const char *exit_text; /* lima_process_exit.text; NULL: it still runs, or hangs */
    const char *log_file;  /* where all of its output stands */
} qemu_death;

/* Fills *err from what QEMU (`program`) wrote to stderr before it died; always returns false. Known causes
 * get their own text and code (port taken: UNAVAILABLE; disk in use: FAILED_PRECONDITION; no rights:
 * PERMISSION_DENIED; missing file: NOT_FOUND; no memory: RESOURCE_EXHAUSTED); all others the last meaningful
 * lines, UNKNOWN. Control characters are dropped. */
bool lima_qemu_stderr_explain(const char *text, size_t len, const qemu_death *death, lima_err *err);

/* The last lines that say something (warnings only when there is nothing else), joined by "; ", at most `max`
 * bytes. Owned, may be "". */
char *lima_qemu_stderr_last_words(const char *text, size_t len, size_t max);
