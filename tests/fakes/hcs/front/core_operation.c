/* Operations: each tracks one call at a time. The call's return and its end come as two frames
 * (session.h). */
#include "core.h"

#include <stdlib.h>
#include <string.h>

#include "front_link_win.h"
#include "misuse.h"
#include "results.h"

EXPORT HCS_OPERATION WINAPI HcsCreateOperation(const void *context, HCS_OPERATION_COMPLETION callback)
{
    AcquireSRWLockExclusive(&objects_lock);
    operation *one = object_new(OBJECT_OPERATION, sizeof *one);
    one->type = HcsOperationTypeNone;
    one->context = (void *)context;
    one->callback = callback;
    HCS_OPERATION handle = object_handle(one);
    ReleaseSRWLockExclusive(&objects_lock);
    return handle;
}

/* Allowed while its call runs: then the result is dropped. */
EXPORT void WINAPI HcsCloseOperation(HCS_OPERATION handle)
{
    AcquireSRWLockExclusive(&objects_lock);
    operation *one = object_find(OBJECT_OPERATION, handle, __func__);
    object_remove(one);
    ReleaseSRWLockExclusive(&objects_lock);
    free(one->document);
    free(one);
}

static wchar_t *copy_field(const char *fields, const char *name)
{
    const char *value = session_field(fields, name);
    return value ? win_wide(value) : NULL;
}

/* The operation may have been closed meanwhile. */
static void finish(operation *one, HRESULT code, const char *fields)
{
    one->state = OPERATION_DONE;
    one->code = code;
    one->document = copy_field(fields, "result");
    callbacks_operation(one);
}

/* A call that failed at once has not been started; it may have left a document all the same. */
static void never_began(HCS_OPERATION handle, HCS_SYSTEM system, HRESULT code, const char *fields)
{
    AcquireSRWLockExclusive(&objects_lock);
    operation *one = object_find(OBJECT_OPERATION, handle, "HcsCloseOperation during a call");
    one->state = session_field(fields, "result") ? OPERATION_DONE : OPERATION_IDLE;
    one->code = code;
    one->document = copy_field(fields, "result");
    compute_system *of =
        system ? object_find(OBJECT_SYSTEM, system, "HcsCloseComputeSystem during a call") : NULL;
    if (of)
        of->pending--;
    ReleaseSRWLockExclusive(&objects_lock);
}

HRESULT operation_begin(const char *function, HCS_OPERATION handle, HCS_OPERATION_TYPE type,
                        HCS_SYSTEM system, session_request *request)
{
    AcquireSRWLockExclusive(&objects_lock);
    operation *one = object_find(OBJECT_OPERATION, handle, function);
    compute_system *of = system ? object_find(OBJECT_SYSTEM, system, function) : NULL;
    if (one->state == OPERATION_PENDING)
        misuse_abort(function, "the operation still tracks another call");
    bool both = of && of->options & HcsEventOptionEnableOperationCallbacks && one->callback;
    if (!both) {
        free(one->document);
        one->document = NULL;
        one->type = type;
        one->state = OPERATION_PENDING;
        one->call = request->id;
        one->system = of ? of->base.number : 0;
        if (of)
            of->pending++;
    }
    ReleaseSRWLockExclusive(&objects_lock);
    if (both) {
        free(request->text.at);
        return HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET;
    }
    if (of)
        session_number(request, "handle", of->base.number);
    char *fields = session_call(request);
    HRESULT code = session_code(fields);
    if (FAILED(code))
        never_began(handle, system, code, fields);
    free(fields);
    return code;
}

static bool has_call(const void *one, const void *wanted)
{
    const operation *at = one;
    return at->state == OPERATION_PENDING && at->call == *(const uint64_t *)wanted;
}

static void on_done(const char *fields)
{
    uint64_t call = session_field_number(fields, "id");
    const char *mistake = session_field(fields, "mistake");
    if (mistake)
        misuse_mistake(mistake);
    AcquireSRWLockExclusive(&objects_lock);
    compute_system *of = object_by_number(OBJECT_SYSTEM, session_field_number(fields, "handle"));
    if (of)
        of->pending--;
    operation *one = object_search(OBJECT_OPERATION, has_call, &call);
    if (one)
        finish(one, session_code(fields), fields);
    if (one && of && of->options & HcsEventOptionEnableOperationCallbacks)
        callbacks_event(of, HcsEventOperationCallback, NULL, one);
    ReleaseSRWLockExclusive(&objects_lock);
    WakeAllConditionVariable(&objects_changed);
}

static void on_event(const char *fields)
{
    HCS_EVENT_TYPE type = (HCS_EVENT_TYPE)session_field_number(fields, "type");
    AcquireSRWLockExclusive(&objects_lock);
    compute_system *of = object_by_number(OBJECT_SYSTEM, session_field_number(fields, "handle"));
    if (of && type == HcsEventSystemExited && !of->exited) {
        of->exited = true;
        of->exit = copy_field(fields, "data");
    }
    if (of)
        of->dead = of->dead || type == HcsEventServiceDisconnect;
    if (of && of->callback)
        callbacks_event(of, type, session_field(fields, "data"), NULL);
    ReleaseSRWLockExclusive(&objects_lock);
    WakeAllConditionVariable(&objects_changed);
}

static bool is_pending(const void *one, const void *unused)
{
    (void)unused;
    return ((const operation *)one)->state == OPERATION_PENDING;
}

static bool is_told(const void *one, const void *unused)
{
    (void)unused;
    return !((const compute_system *)one)->dead;
}

/* The back end was ended: to the program the service has gone. */
static void on_lost(void)
{
    AcquireSRWLockExclusive(&objects_lock);
    for (operation *one; (one = object_search(OBJECT_OPERATION, is_pending, NULL)) != NULL;)
        finish(one, HCS_E_SERVICE_DISCONNECT, NULL);
    for (compute_system *one; (one = object_search(OBJECT_SYSTEM, is_told, NULL)) != NULL;) {
        one->dead = true;
        if (one->callback)
            callbacks_event(one, HcsEventServiceDisconnect, NULL, NULL);
    }
    ReleaseSRWLockExclusive(&objects_lock);
    WakeAllConditionVariable(&objects_changed);
}

const session_hooks session_dll = {.kind = "hcs", .done = on_done, .event = on_event, .lost = on_lost};

/* Under the lock. */
static HRESULT result_of(const operation *one, PWSTR *document)
{
    if (one->state == OPERATION_IDLE)
        return HCS_E_OPERATION_NOT_STARTED;
    if (one->state == OPERATION_PENDING)
        return HCS_E_OPERATION_PENDING;
    if (document)
        *document = one->document ? results_new(one->document) : NULL;
    return one->code;
}

EXPORT HRESULT WINAPI HcsWaitForOperationResult(HCS_OPERATION handle, DWORD milliseconds, PWSTR *document)
{
    ULONGLONG end = GetTickCount64() + milliseconds;
    if (document)
        *document = NULL;
    AcquireSRWLockExclusive(&objects_lock);
    operation *one = object_find(OBJECT_OPERATION, handle, __func__);
    while (one->state == OPERATION_PENDING) {
        ULONGLONG now = GetTickCount64();
        if (milliseconds != INFINITE && now >= end)
            break;
        DWORD left = milliseconds == INFINITE ? INFINITE : (DWORD)(end - now);
        SleepConditionVariableSRW(&objects_changed, &objects_lock, left, 0);
        one = object_find(OBJECT_OPERATION, handle, "HcsWaitForOperationResult (closed meanwhile)");
    }
    HRESULT code = one->state == OPERATION_PENDING ? HCS_E_OPERATION_TIMEOUT : result_of(one, document);
    ReleaseSRWLockExclusive(&objects_lock);
    return code;
}

EXPORT HRESULT WINAPI HcsGetOperationResult(HCS_OPERATION handle, PWSTR *document)
{
    if (document)
        *document = NULL;
    AcquireSRWLockExclusive(&objects_lock);
    HRESULT code = result_of(object_find(OBJECT_OPERATION, handle, __func__), document);
    ReleaseSRWLockExclusive(&objects_lock);
    return code;
}

EXPORT HRESULT WINAPI HcsSetOperationCallback(HCS_OPERATION handle, const void *context,
                                              HCS_OPERATION_COMPLETION callback)
{
    AcquireSRWLockExclusive(&objects_lock);
    operation *one = object_find(OBJECT_OPERATION, handle, __func__);
    bool idle = one->state == OPERATION_IDLE;
    if (idle) {
        one->context = (void *)context;
        one->callback = callback;
    }
    ReleaseSRWLockExclusive(&objects_lock);
    return idle ? S_OK : HCS_E_OPERATION_ALREADY_STARTED;
}

/* What one field of an operation says. */
#define FIELD_OF_OPERATION(type, field)                                                                      \
    AcquireSRWLockShared(&objects_lock);                                                                     \
    operation *one = object_find(OBJECT_OPERATION, handle, __func__);                                        \
    type value = one->field;                                                                                 \
    ReleaseSRWLockShared(&objects_lock);                                                                     \
    return value

EXPORT void *WINAPI HcsGetOperationContext(HCS_OPERATION handle)
{
    FIELD_OF_OPERATION(void *, context);
}

EXPORT HCS_OPERATION_TYPE WINAPI HcsGetOperationType(HCS_OPERATION handle)
{
    FIELD_OF_OPERATION(HCS_OPERATION_TYPE, type);
}

EXPORT UINT64 WINAPI HcsGetOperationId(HCS_OPERATION handle)
{
    FIELD_OF_OPERATION(UINT64, base.number);
}

EXPORT HRESULT WINAPI HcsSetOperationContext(HCS_OPERATION handle, const void *context)
{
    AcquireSRWLockExclusive(&objects_lock);
    operation *one = object_find(OBJECT_OPERATION, handle, __func__);
    one->context = (void *)context;
    ReleaseSRWLockExclusive(&objects_lock);
    return S_OK;
}

EXPORT HCS_SYSTEM WINAPI HcsGetComputeSystemFromOperation(HCS_OPERATION handle)
{
    AcquireSRWLockShared(&objects_lock);
    operation *one = object_find(OBJECT_OPERATION, handle, __func__);
    compute_system *of = one->system ? object_by_number(OBJECT_SYSTEM, one->system) : NULL;
    HCS_SYSTEM system = of ? object_handle(of) : NULL;
    ReleaseSRWLockShared(&objects_lock);
    return system;
}
