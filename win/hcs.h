/* The Host Compute Service: virtual machines as JSON documents (computecore.dll, Windows 10 1809 and later).
 *
 * Plain C, texts and documents UTF-8: tests on other hosts implement it as they like. Facts: hyperv-hcs.md 2.
 *
 * Nothing here keeps a definition: a compute system lives from create until it stops, under the id that was
 * given (use a GUID: then it is its runtime id for hvsockets too, facts 6.4). An id that has stopped is free
 * once the last handle to it is closed.
 *
 * Waiting: every call takes a deadline and a wake (may be NULL), as os/stream.h does. DEADLINE_EXCEEDED and
 * CANCELLED end the wait and not the call: the service goes on, and what the call uses (texts, handle) stays
 * alive inside until it has ended, whatever the caller closes meanwhile. Ask for the state before trying again.
 *
 * Threads: all calls are thread-safe, but for closing what another thread uses. No code of the caller ever runs
 * on a thread of the service's DLL: its events only set what lima_hcs_end_get tells and raise a wake.
 *
 * Errors, besides those named below: FAILED_PRECONDITION: no computecore.dll, feature off, no hypervisor, a call
 * that this state does not allow; PERMISSION_DENIED: neither Administrators nor Hyper-V Administrators, or a
 * file; INVALID_ARGUMENT: the document, with the service's words; UNAVAILABLE: the service is stopped or has
 * been restarted (every handle is dead then: close and open again); RESOURCE_EXHAUSTED: no memory, or too many
 * calls that do not end. os_code is the HRESULT (hresult.h). Texts quote the service's error events. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "os/clock.h"
#include "os/thread.h"

enum {
    LIMA_HCS_DOCUMENT_MAX = 4 * 1024 * 1024, /* bytes of UTF-8 in either direction; more is OUT_OF_RANGE */
    LIMA_HCS_EVENT_MAX = 64 * 1024,          /* of an event; more is cut */
};

/* ---- without a compute system; results are owned ---- */

/* Also the test whether the service answers at all. `query`: {"PropertyTypes":["Basic"]} and the like (facts
 * 2.7). */
bool lima_hcs_service(const char *query, lima_deadline deadline, lima_wake *wake, char **ret_json,
                      lima_err *err);
/* `query`: {"Owners":["…"]} and the like; the result is an array of {Id, Owner, RuntimeId, State …}. */
bool lima_hcs_enumerate(const char *query, lima_deadline deadline, lima_wake *wake, char **ret_json,
                        lima_err *err);
/* New empty files: .vmgs (firmware variables, TPM) and .vmrs (what save writes to). */
bool lima_hcs_make_guest_state(const char *path, lima_deadline deadline, lima_wake *wake, lima_err *err);
bool lima_hcs_make_runtime_state(const char *path, lima_deadline deadline, lima_wake *wake, lima_err *err);
/* Lets the VM of that id use the file: an entry in the file's DACL, for which one must own the file. Granting
 * twice and revoking what is not granted are fine. NOT_FOUND: no such file. */
bool lima_hcs_grant(const char *id, const char *path, lima_deadline deadline, lima_wake *wake, lima_err *err);
bool lima_hcs_revoke(const char *id, const char *path, lima_deadline deadline, lima_wake *wake,
                     lima_err *err);

/* ---- a compute system ---- */

typedef struct lima_hcs_system lima_hcs_system;

/* ALREADY_EXISTS: the id is in use. A create that has failed, by a time-out too, leaves no system: one that
 * comes into being later is terminated. The VM outlives `ret` and this process unless the document says
 * "ShouldTerminateOnLastHandleClosed". */
bool lima_hcs_create(const char *id, const char *document, lima_deadline deadline, lima_wake *wake,
                     lima_hcs_system **ret, lima_err *err);
/* NOT_FOUND: it does not run. */
bool lima_hcs_open(const char *id, lima_deadline deadline, lima_wake *wake, lima_hcs_system **ret,
                   lima_err *err);
/* Nobody may use it, or its wake, any more. A call of it that timed out keeps the handle open until it ends.
 * NULL does nothing. */
void lima_hcs_close(lima_hcs_system *system);

/* `options` may be NULL where there are any (facts 2.7). All are NOT_FOUND or FAILED_PRECONDITION
 * (LIMA_HCS_E_SYSTEM_ALREADY_STOPPED) when it has stopped. */
bool lima_hcs_start(lima_hcs_system *system, lima_deadline deadline, lima_wake *wake, lima_err *err);
/* Asks the guest; returns when it has been asked: wait for the end. Fails when nobody listens there. */
bool lima_hcs_shut_down(lima_hcs_system *system, const char *options, lima_deadline deadline, lima_wake *wake,
                        lima_err *err);
bool lima_hcs_terminate(lima_hcs_system *system, lima_deadline deadline, lima_wake *wake, lima_err *err);
bool lima_hcs_pause(lima_hcs_system *system, const char *options, lima_deadline deadline, lima_wake *wake,
                    lima_err *err);
bool lima_hcs_resume(lima_hcs_system *system, lima_deadline deadline, lima_wake *wake, lima_err *err);
/* Only while paused; takes as long as writing the guest's memory. */
bool lima_hcs_save(lima_hcs_system *system, const char *options, lima_deadline deadline, lima_wake *wake,
                   lima_err *err);
bool lima_hcs_properties(lima_hcs_system *system, const char *query, lima_deadline deadline, lima_wake *wake,
                         char **ret_json, lima_err *err);
/* `document`: {"ResourcePath":…, "RequestType":…, "Settings":…} (facts 3.7). */
bool lima_hcs_modify(lima_hcs_system *system, const char *document, lima_deadline deadline, lima_wake *wake,
                     lima_err *err);

/* ---- its end ---- */

typedef enum lima_hcs_how {
    LIMA_HCS_GOES_ON = 0,  /* no event so far: it runs, or has never been started */
    LIMA_HCS_EXITED,       /* `status` tells how */
    LIMA_HCS_DISCONNECTED, /* the service has gone and nothing more will be heard: close and open again */
} lima_hcs_how;

typedef struct lima_hcs_end {
    lima_hcs_how how;
    char *status; /* EXITED: the document SystemExitStatus (facts 2.3), "" if there was none; else NULL */
    char *crash;  /* the last crash report: JSON with CrashLog, the guest's last words; NULL: none */
} lima_hcs_end;

/* Raised when it has exited or the service has gone, and never before; borrowed, until close. For waits of
 * anything (streams, processes …) that should end with the VM. A system opened after its exit raises it only if
 * the service says so: properties tell. */
lima_wake *lima_hcs_ended(lima_hcs_system *system);
/* What has happened so far; owned strings. */
void lima_hcs_end_get(lima_hcs_system *system, lima_hcs_end *ret);
void lima_hcs_end_free(lima_hcs_end *end); /* {0} and NULL do nothing */
/* Waits for the end: true when `how` is not GOES_ON. */
bool lima_hcs_wait_end(lima_hcs_system *system, lima_deadline deadline, lima_wake *wake, lima_hcs_end *ret,
                       lima_err *err);
