/* One call of computecore.dll, from its arguments to its result or error. */
#pragma once

#include "hcs.h"
#include "hcs_api.h"

typedef struct hcs_call hcs_call;

/* What a call does on its thread. `operation` is NULL for kind PLAIN, whose answer goes to call->answer. */
typedef HRESULT hcs_begin(hcs_call *call, hcs_operation operation);

typedef enum hcs_call_kind {
    HCS_CALL_PLAIN = 0,
    HCS_CALL_OPERATION, /* goes on after `begin`; its result is waited for */
    HCS_CALL_CREATE,    /* an operation too; makes call->system */
    HCS_CALL_OPEN,      /* plain; makes call->system */
} hcs_call_kind;

/* Everything here is the call's own. */
struct hcs_call {
    const char *what; /* static: "start" */
    hcs_begin *begin;
    hcs_call_kind kind;
    const hcs_api *api;
    char *object;            /* what errors begin with: "virtual machine 'x'" */
    lima_hcs_system *system; /* a reference; CREATE, OPEN: the new one */
    wchar_t *id, *text, *path;
    PWSTR answer;   /* from the DLL; freed with LocalFree as soon as it is copied */
    HRESULT result; /* of it all */
    char *document; /* the answer, good or bad; NULL: none */
    bool too_long;  /* it was, and is not kept */
};

/* A call of the service itself (system NULL), or of a system; NULL and *err set: no DLL, or the service has gone since
 * the system was opened. Texts may be NULL: options and documents as they are, the path absolute. */
hcs_call *lima_win_hcs_call_new(const char *what, lima_hcs_system *system, lima_err *err);
bool lima_win_hcs_call_set(wchar_t **into, const char *text, lima_err *err);
/* Makes the call and ends it: `call` is gone afterwards. *ret_document, *ret_system may be NULL. */
bool lima_win_hcs_call_run(hcs_call *call, lima_deadline deadline, lima_wake *wake, char **ret_document,
                           lima_hcs_system **ret_system, lima_err *err);
void lima_win_hcs_call_free(hcs_call *call);
