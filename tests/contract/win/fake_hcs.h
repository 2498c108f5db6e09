/* A table of functions in place of computecore.dll, strict about handles: what is used after its close, closed twice, or
 * closed under a call that uses it ends the process. Linked in place of win/hcs_api.c. */
#pragma once

#include "hcs_api.h"
#include "os/thread.h"

typedef struct fake_hcs {
    HRESULT begin;         /* of the call itself */
    HRESULT end;           /* of its operation */
    HRESULT listen;        /* of setting the callback */
    const wchar_t *answer; /* the document; NULL: none */
    HANDLE hold;           /* operations end when this is set; NULL: at once */
    lima_wake *held;       /* raised when one is waited for that `hold` holds */
    int own_time_outs;     /* so many waits end with HCS_E_OPERATION_TIMEOUT first */
    HANDLE closed;         /* set when a system was closed */
    wchar_t said[400];     /* of the last call: function, and its text arguments */
    /* counted */
    volatile LONG calls, operations, systems, terminations;
} fake_hcs;

extern fake_hcs fake;

/* As the DLL does: on a thread of its own; returns when the callback has. Without one: nothing. */
void fake_hcs_event(int type, const wchar_t *data);
void fake_hcs_reset(void); /* nothing may be open */
