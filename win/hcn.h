/* Networks and endpoints of the Host Compute Network service (computenetwork.dll, Windows 10 1809 and later),
 * by GUID and with JSON documents.
 *
 * Plain C, UTF-8: tests on other hosts implement it as they like. Facts: hyperv-hcs.md 5. No handle shows: the
 * service forgets them when it restarts, so each call opens what it needs and closes it. GUIDs with or without
 * braces; one that is none is INVALID_ARGUMENT.
 *
 * Waiting and threads: as hcs.h says. Creating a network takes seconds; a call that timed out goes on and may
 * succeed later: query before trying again.
 *
 * Errors, besides those named below: FAILED_PRECONDITION: no computenetwork.dll, feature off, ICS disabled;
 * PERMISSION_DENIED: not elevated, which newer Windows demands even of Hyper-V Administrators (facts 1.2);
 * INVALID_ARGUMENT: the document; UNAVAILABLE: service hns is stopped. os_code is the HRESULT (hresult.h); texts
 * quote the service's error record. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "os/clock.h"
#include "os/thread.h"

enum { LIMA_HCN_DOCUMENT_MAX = 4 * 1024 * 1024 }; /* bytes in either direction; more is OUT_OF_RANGE */

typedef enum lima_hcn_kind {
    LIMA_HCN_NETWORK = 0,
    LIMA_HCN_ENDPOINT,
} lima_hcn_kind;

/* `query`: NULL, or with a filter (facts 5.8). An array of GUID texts; owned. */
bool lima_hcn_enumerate(lima_hcn_kind kind, const char *query, lima_deadline deadline, lima_wake *wake,
                        char **ret_json, lima_err *err);
/* Whether it is there, and what it is. `query`: NULL for the old form of the answer, with a SchemaVersion for
 * the new one (facts 5.2). NOT_FOUND. Owned. */
bool lima_hcn_query(lima_hcn_kind kind, const char *id, const char *query, lima_deadline deadline,
                    lima_wake *wake, char **ret_json, lima_err *err);
/* ALREADY_EXISTS: that id, or its subnet, is taken (os_code tells which). */
bool lima_hcn_create_network(const char *id, const char *settings, lima_deadline deadline, lima_wake *wake,
                             lima_err *err);
/* NOT_FOUND: no such network. ALREADY_EXISTS. */
bool lima_hcn_create_endpoint(const char *network, const char *id, const char *settings,
                              lima_deadline deadline, lima_wake *wake, lima_err *err);
/* NOT_FOUND. */
bool lima_hcn_modify_endpoint(const char *id, const char *settings, lima_deadline deadline, lima_wake *wake,
                              lima_err *err);
/* NOT_FOUND; FAILED_PRECONDITION (LIMA_HCN_E_ENTITY_HAS_REFERENCES): a network that has endpoints. */
bool lima_hcn_delete(lima_hcn_kind kind, const char *id, lima_deadline deadline, lima_wake *wake,
                     lima_err *err);
