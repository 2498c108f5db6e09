/* What the files of computecore.dll share. */
#pragma once

#include "objects.h"
#include "session.h"

#include <computecore.h>

#define EXPORT __declspec(dllexport)

#define HCS_E_OPERATION_NOT_STARTED ((HRESULT)0x80370115L)
#define HCS_E_OPERATION_ALREADY_STARTED ((HRESULT)0x80370116L)
#define HCS_E_OPERATION_PENDING ((HRESULT)0x80370117L)
#define HCS_E_OPERATION_TIMEOUT ((HRESULT)0x80370118L)
#define HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET ((HRESULT)0x80370119L)

typedef enum operation_state { OPERATION_IDLE = 0, OPERATION_PENDING, OPERATION_DONE } operation_state;

typedef struct operation {
    object base;
    HCS_OPERATION_TYPE type;
    operation_state state;
    uint64_t call; /* number of the request it tracks */
    HRESULT code;
    wchar_t *document; /* owned; NULL: none */
    void *context;
    HCS_OPERATION_COMPLETION callback;
    uint64_t system; /* number of its object; 0: none */
} operation;

typedef struct compute_system {
    object base;
    int pending; /* operations on it that have not ended */
    int running; /* callbacks of it that run now */
    HCS_EVENT_OPTIONS options;
    void *context;
    HCS_EVENT_CALLBACK callback;
    wchar_t *exit; /* what the exit event said */
    bool exited, dead;
} compute_system;

/* Sends the request as the one call that the operation tracks; `system` may be NULL. The call's own code. */
HRESULT operation_begin(const char *function, HCS_OPERATION handle, HCS_OPERATION_TYPE type,
                        HCS_SYSTEM system, session_request *request);

/* Runs the system's callback, and the operation's, on the thread for that. Under objects_lock. `data` is
 * copied. */
void callbacks_event(const compute_system *system, HCS_EVENT_TYPE type, const char *data,
                     const operation *one);
void callbacks_operation(const operation *one);
bool callbacks_is_this_thread(void);
