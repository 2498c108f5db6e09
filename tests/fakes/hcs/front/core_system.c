/* Compute systems. A handle's number is the one by which the back end knows it, in this session. */
#include "core.h"

#include <stdlib.h>

#include "front_link_win.h"
#include "misuse.h"
#include "results.h"

static uint64_t new_system(void)
{
    AcquireSRWLockExclusive(&objects_lock);
    compute_system *one = object_new(OBJECT_SYSTEM, sizeof *one);
    uint64_t number = one->base.number;
    ReleaseSRWLockExclusive(&objects_lock);
    return number;
}

/* Under objects_lock. */
static void drop(compute_system *one)
{
    object_remove(one);
    free(one->exit);
    free(one);
}

static HCS_SYSTEM handle_of(uint64_t number)
{
    AcquireSRWLockShared(&objects_lock);
    HCS_SYSTEM handle = object_handle(object_by_number(OBJECT_SYSTEM, number));
    ReleaseSRWLockShared(&objects_lock);
    return handle;
}

/* The handle, or none if the call failed. */
static HCS_SYSTEM keep_or_drop(uint64_t number, HRESULT code)
{
    if (SUCCEEDED(code))
        return handle_of(number);
    AcquireSRWLockExclusive(&objects_lock);
    drop(object_by_number(OBJECT_SYSTEM, number));
    ReleaseSRWLockExclusive(&objects_lock);
    return NULL;
}

EXPORT HRESULT WINAPI HcsEnumerateComputeSystems(PCWSTR query, HCS_OPERATION tracker)
{
    session_request request = session_begin(__func__);
    session_text(&request, "query", query);
    return operation_begin(__func__, tracker, HcsOperationTypeEnumerate, NULL, &request);
}

EXPORT HRESULT WINAPI HcsCreateComputeSystem(PCWSTR id, PCWSTR configuration, HCS_OPERATION tracker,
                                             const SECURITY_DESCRIPTOR *descriptor, HCS_SYSTEM *ret)
{
    (void)descriptor;
    if (!id || !configuration || !ret)
        misuse_abort(__func__, "id, configuration and computeSystem must not be NULL");
    session_request request = session_begin(__func__);
    session_text(&request, "system", id);
    session_text(&request, "document", configuration);
    uint64_t number = new_system();
    HRESULT code = operation_begin(__func__, tracker, HcsOperationTypeCreate, handle_of(number), &request);
    *ret = keep_or_drop(number, code);
    return code;
}

EXPORT HRESULT WINAPI HcsOpenComputeSystem(PCWSTR id, DWORD access, HCS_SYSTEM *ret)
{
    if (!id || !ret)
        misuse_abort(__func__, "id and computeSystem must not be NULL");
    session_request request = session_begin(__func__);
    uint64_t number = new_system();
    session_text(&request, "system", id);
    session_number(&request, "access", access);
    session_number(&request, "handle", number);
    HRESULT code = session_simple(&request);
    *ret = keep_or_drop(number, code);
    return code;
}

EXPORT void WINAPI HcsCloseComputeSystem(HCS_SYSTEM handle)
{
    AcquireSRWLockExclusive(&objects_lock);
    compute_system *one = object_find(OBJECT_SYSTEM, handle, __func__);
    if (one->running && callbacks_is_this_thread())
        misuse_abort(__func__,
                     "called from its own callback: it waits for callbacks, so it would never return");
    if (one->pending)
        misuse_abort(__func__, "%d operation(s) on it have not ended", one->pending);
    one->callback = NULL;
    while (one->running)
        SleepConditionVariableSRW(&objects_changed, &objects_lock, INFINITE, 0);
    uint64_t number = one->base.number;
    drop(one);
    ReleaseSRWLockExclusive(&objects_lock);
    session_request request = session_begin(__func__);
    session_number(&request, "handle", number);
    session_simple(&request);
}

/* The calls that are a system, an operation, and a text that may be NULL. */
static HRESULT plain_call(const char *function, HCS_OPERATION_TYPE type, HCS_SYSTEM system,
                          HCS_OPERATION tracker, const char *name, PCWSTR text)
{
    session_request request = session_begin(function);
    session_text(&request, name, text);
    if (!system)
        misuse_abort(function, "the handle is NULL");
    return operation_begin(function, tracker, type, system, &request);
}

#define PLAIN_CALL(name, type, text)                                                                         \
    EXPORT HRESULT WINAPI name(HCS_SYSTEM system, HCS_OPERATION tracker, PCWSTR options)                     \
    {                                                                                                        \
        return plain_call(#name, type, system, tracker, text, options);                                      \
    }

PLAIN_CALL(HcsStartComputeSystem, HcsOperationTypeStart, "options")
PLAIN_CALL(HcsShutDownComputeSystem, HcsOperationTypeShutdown, "options")
PLAIN_CALL(HcsTerminateComputeSystem, HcsOperationTypeTerminate, "options")
PLAIN_CALL(HcsPauseComputeSystem, HcsOperationTypePause, "options")
PLAIN_CALL(HcsResumeComputeSystem, HcsOperationTypeResume, "options")
PLAIN_CALL(HcsSaveComputeSystem, HcsOperationTypeSave, "options")
PLAIN_CALL(HcsGetComputeSystemProperties, HcsOperationTypeGetProperties, "query")

EXPORT HRESULT WINAPI HcsModifyComputeSystem(HCS_SYSTEM system, HCS_OPERATION tracker, PCWSTR configuration,
                                             HANDLE identity)
{
    (void)identity;
    return plain_call(__func__, HcsOperationTypeModify, system, tracker, "document", configuration);
}

EXPORT HRESULT WINAPI HcsSetComputeSystemCallback(HCS_SYSTEM handle, HCS_EVENT_OPTIONS options,
                                                  const void *context, HCS_EVENT_CALLBACK callback)
{
    AcquireSRWLockExclusive(&objects_lock);
    compute_system *one = object_find(OBJECT_SYSTEM, handle, __func__);
    HRESULT code = one->callback && callback ? HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET : S_OK;
    if (code == S_OK) {
        one->callback = callback;
        one->context = (void *)context;
        one->options = callback ? options : HcsEventOptionNone;
    }
    ReleaseSRWLockExclusive(&objects_lock);
    return code;
}

EXPORT HRESULT WINAPI HcsWaitForComputeSystemExit(HCS_SYSTEM handle, DWORD milliseconds, PWSTR *result)
{
    ULONGLONG end = GetTickCount64() + milliseconds;
    HRESULT code = HCS_E_OPERATION_TIMEOUT;
    if (result)
        *result = NULL;
    AcquireSRWLockExclusive(&objects_lock);
    compute_system *one = object_find(OBJECT_SYSTEM, handle, __func__);
    while (!one->exited && !one->dead) {
        ULONGLONG now = GetTickCount64();
        if (milliseconds != INFINITE && now >= end)
            break;
        DWORD left = milliseconds == INFINITE ? INFINITE : (DWORD)(end - now);
        SleepConditionVariableSRW(&objects_changed, &objects_lock, left, 0);
        one = object_find(OBJECT_SYSTEM, handle, "HcsWaitForComputeSystemExit (closed meanwhile)");
    }
    if (one->exited) {
        code = S_OK;
        if (result && one->exit)
            *result = results_new(one->exit);
    } else if (one->dead) {
        code = HCS_E_SERVICE_DISCONNECT;
    }
    ReleaseSRWLockExclusive(&objects_lock);
    return code;
}
