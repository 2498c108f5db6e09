/* Processes beside QEMU that serve it over a local socket: virtiofsd, swtpm. They outlive this driver with
 * the VM, so what is kept of them is their identity. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"
#include "os/process.h"
#include "os/thread.h"

enum {
    QEMU_HELPERS_MAX = 257,       /* one per mount and the TPM */
    QEMU_HELPER_START_MS = 15000, /* until its socket exists */
    QEMU_HELPER_END_MS = 5000,    /* to end when asked; then it is killed */
};

typedef struct qemu_helper {
    char *name; /* owned; "virtiofsd for '/home/me'" */
    char *log;  /* owned; its output */
    lima_process_id id;
    char *socket;          /* owned; what it is awaited at; NULL: not awaited */
    lima_process *process; /* owned; while it is awaited */
    bool reported;         /* its early end has been logged */
} qemu_helper;

typedef struct qemu_helpers {
    qemu_helper *items; /* owned */
    size_t len;
} qemu_helpers;

/* Starts it and adds it to the list. `socket` is removed before, if stale; its output goes to `log`, made
 * anew. */
bool lima_qemu_helper_start(const char *name, const lima_strv *argv, const char *socket, const char *log,
                            qemu_helpers *list, lima_err *err);
/* Waits until the sockets of all that were started exist. UNAVAILABLE with its last words when one ends early
 * or makes no socket in time; the caller ends them all. */
bool lima_qemu_helpers_await(qemu_helpers *list, lima_wake *wake, lima_err *err);
void lima_qemu_helpers_add(qemu_helpers *list, const char *name, const char *log, lima_process_id id);
/* Logs those that have ended while the VM runs, each once. */
void lima_qemu_helpers_watch(qemu_helpers *list);
/* Asks all to end, kills those that do not. Ended ones are fine. */
void lima_qemu_helpers_end(const qemu_helpers *list);
void lima_qemu_helpers_free(qemu_helpers *list);

/* The end of a log file, at most `max` bytes, "" when it cannot be read. Owned. */
char *lima_qemu_log_tail(const char *path, size_t max);
