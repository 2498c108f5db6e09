/* The conformance kit: named cases that any Lima driver program, in any language, should pass. Black box:
 * a case sees processes, sockets and messages, nothing of the driver's inside.
 *
 * Independent of limadrv: give it a configuration, get results. Every case runs in a private folder of its
 * own with an instance made for it (fixture.h), and leaves nothing behind. One run at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "os/thread.h"

typedef struct lima_check lima_check; /* a running case: fixture.h */

/* What a case cannot do without. */
typedef enum lima_check_need {
    LIMA_CHECK_INST_DIR = 1, /* the server of Lima 2.2 and later: --inst-dir */
    LIMA_CHECK_ANNOUNCE = 2, /* the server of 2.0 and 2.1: no argument, socket on standard output */
    LIMA_CHECK_GUEST = 4,    /* --vm: something that boots */
    LIMA_CHECK_TOOL_2_1 = 8, /* --pre-driver-action */
} lima_check_need;

typedef struct lima_check_case {
    const char *id;     /* "wire/unknown-method-is-unimplemented"; NULL ends a list */
    const char *why;    /* one sentence: what limactl does that makes it matter */
    const char *source; /* section of the facts, "3.3" */
    const char *remedy; /* what to do when it fails */
    unsigned needs;
    bool (*run)(lima_check *check, lima_err *err); /* true: passed, or skipped by lima_check_skip */
} lima_check_case;

/* All cases in the order in which they run, grouped by the part before the slash. */
size_t lima_check_cases(const lima_check_case *const **ret);
/* '*' any run of characters, '?' one; NULL matches all. */
bool lima_check_matches(const char *pattern, const char *id);
/* Those that `only` matches, in their order; the list is owned. INVALID_ARGUMENT: none. */
bool lima_check_choose(const char *only, const lima_check_case ***ret, size_t *ret_count, lima_err *err);

typedef enum lima_check_outcome {
    LIMA_CHECK_PASSED = 0,
    LIMA_CHECK_FAILED,
    LIMA_CHECK_SKIPPED
} lima_check_outcome;

typedef struct lima_check_result {
    const lima_check_case *of;
    lima_check_outcome outcome;
    char *text; /* owned: why it failed or was skipped; NULL when passed */
    char *log;  /* owned: the last lines of the driver's standard error, when failed; NULL: none */
    uint64_t ms;
} lima_check_result;

typedef struct lima_check_config {
    const char *driver;  /* path of the program */
    const char *only;    /* pattern; NULL: all */
    const char *guest;   /* folder with disk.qcow2, vmlinuz, initrd as far as there; NULL: no VM is started */
    uint32_t timeout_ms; /* of one case; 0: 60 s, 300 s for those that need a guest */
    lima_strv skip_ids, skip_reasons; /* pairwise */
    lima_wake *wake;                  /* ends the run early: what has not run is skipped; may be NULL */
} lima_check_config;

/* Lines "case-id-or-pattern  reason"; empty lines and those that begin with # are comments. A pattern that
 * fits no case, or a missing reason, is INVALID_ARGUMENT with the line's number. */
bool lima_check_read_skips(const char *path, lima_check_config *into, lima_err *err);
void lima_check_config_free(lima_check_config *config); /* the lists */

typedef struct lima_check_report {
    const char *driver;
    lima_check_result *results; /* owned */
    size_t len, passed, failed, skipped;
    uint64_t ms;
} lima_check_report;

/* Runs the cases; `each` (may be NULL) is called after every one. Fails only when the driver cannot be run
 * at all or no case matches. */
bool lima_check_run(const lima_check_config *config, void (*each)(void *arg, const lima_check_report *sofar),
                    void *arg, lima_check_report *ret, lima_err *err);
void lima_check_report_free(lima_check_report *report);

/* Output. TAP 13 can be written while it goes: head, then each result, then tail. The others are whole
 * documents. */
enum { LIMA_CHECK_OUTPUT_MAX = 8 * 1024 * 1024 };
void lima_check_add_tap_result(const lima_check_report *report, size_t index, lima_buf *into);
void lima_check_add_tap_tail(const lima_check_report *report, lima_buf *into);
void lima_check_add_junit(const lima_check_report *report, lima_buf *into);
void lima_check_add_json(const lima_check_report *report, lima_buf *into);
/* --list: the cases, why, what to do. */
void lima_check_add_list(const lima_check_case *const *cases, size_t count, lima_buf *into);
void lima_check_add_list_json(const lima_check_case *const *cases, size_t count, lima_buf *into);
