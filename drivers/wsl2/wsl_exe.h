/* Finding wsl.exe and running it: every run has a deadline of its own and ends with its whole process
 * tree, so that a service that hangs never hangs us (facts: wsl.md 1.1, 1.2, 2.8).
 *
 * Environment: LIMA_WSL_EXE names the program to use. LIMA_WSL_TIMEOUT_PERCENT (100) scales all deadlines
 * of this file: more for slow machines. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "os/process.h"
#include "wsl2/error_code.h"
#include "wsl2/listing.h"

enum {
    WSL2_LIST_MS = 15000,
    WSL2_INSPECT_MS = 4000, /* of the list, when limactl waits for a status */
    WSL2_VERSION_MS = 10000,
    WSL2_LAUNCH_MS = 90000, /* a command in the guest, which may boot VM and distribution first */
    WSL2_TERMINATE_MS = 60000,
    WSL2_UNREGISTER_MS = 120000,
    WSL2_IDLE_MS = 120000,             /* of an import or export: without a byte of progress */
    WSL2_TRANSFER_MS = 30 * 60 * 1000, /* … all of it */
    WSL2_RESIZE_MS = 10 * 60 * 1000,
    WSL2_KILL_MS = 5000,        /* for what was killed to be gone */
    WSL2_SAID_MAX = 256 * 1024, /* bytes kept of each output */
};

/* LIMA_WSL_EXE, else where the installed package is, else System32. Owned. FAILED_PRECONDITION: there is
 * none; NOT_FOUND: LIMA_WSL_EXE names nothing. */
bool lima_wsl2_exe_find(char **ret, lima_err *err);
/* The installed package's version as the registry has it, nothing is run. False: in-box, or not installed. */
bool lima_wsl2_exe_version(wsl2_version *ret);
/* `ms`, scaled, from now. */
lima_deadline lima_wsl2_in(uint64_t ms);

/* Writes the child's standard input; a child that does not take it is UNAVAILABLE. */
typedef bool wsl2_feed(void *arg, lima_stream *into, lima_wake *wake, lima_err *err);

typedef struct wsl2_run {
    const lima_strv *argv; /* of argv.h */
    const char *what;      /* begins the error texts: "distribution 'lima-dev': import" */
    uint64_t limit_ms;     /* scaled; from when its input was taken */
    lima_wake *wake;       /* may be NULL */
    wsl2_feed *feed;       /* NULL: standard input is empty */
    void *feed_arg;
    /* Asked once a second while waiting: as long as the number changes, it goes on. NULL: limit_ms alone
     * counts. */
    uint64_t (*progress)(void *arg);
    void *progress_arg;
    /* Once more, after a moment, when the failure is one that passes; feed must be able to begin anew. */
    bool retry;
} wsl2_run;

typedef struct wsl2_said {
    lima_buf out, err_out; /* raw */
    wsl2_trouble trouble;  /* of a failed run */
    bool retryable;
    lima_process_exit end;
} wsl2_said;

/* True: it ended with 0. Else err tells cause and next step: as lima_wsl2_failed, or DEADLINE_EXCEEDED
 * (the whole tree was killed), CANCELLED. `ret` is filled either way and must be freed. */
bool lima_wsl2_run(const wsl2_run *run, wsl2_said *ret, lima_err *err);
void lima_wsl2_said_free(wsl2_said *said);
/* The same, nobody wants to know what it said. */
bool lima_wsl2_run_quietly(const wsl2_run *run, lima_err *err);
/* Feeds a NUL-terminated text: feed_arg is the text. */
bool lima_wsl2_feed_text(void *arg, lima_stream *into, lima_wake *wake, lima_err *err);
