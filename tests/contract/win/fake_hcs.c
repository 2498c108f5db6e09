#include "fake_hcs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "hresult.h"

fake_hcs fake;

struct hcs_system_object {
    volatile LONG open, users;
};

struct hcs_operation_object {
    volatile LONG open, begun;
    hcs_handle system;
    HRESULT result;
    int time_outs;
};

static hcs_event_callback callback;
static void *callback_context;

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "misuse of the fake computecore.dll: %s\n", what);
    abort();
}

static HRESULT note(const wchar_t *function, PCWSTR first, PCWSTR second)
{
    InterlockedIncrement(&fake.calls);
    swprintf(fake.said, sizeof fake.said / sizeof fake.said[0], L"%ls|%ls|%ls", function,
             first ? first : L"-", second ? second : L"-");
    return fake.begin;
}

static PWSTR give_answer(void)
{
    size_t bytes = fake.answer ? (wcslen(fake.answer) + 1) * sizeof(wchar_t) : 0;
    PWSTR copy = bytes ? LocalAlloc(LMEM_FIXED, bytes) : NULL;

    if (copy)
        memcpy(copy, fake.answer, bytes);
    return copy;
}

/* ---- operations ---- */

static hcs_operation WINAPI create_operation(const void *context, void *completion)
{
    hcs_operation operation = calloc(1, sizeof *operation);

    must(!context && !completion, "nobody asked for completions");
    must(operation != NULL, "no memory");
    operation->open = 1;
    InterlockedIncrement(&fake.operations);
    return operation;
}

static void WINAPI close_operation(hcs_operation operation)
{
    must(InterlockedExchange(&operation->open, 0) == 1, "an operation closed twice");
    InterlockedDecrement(&fake.operations);
    free(operation);
}

static HRESULT begin(hcs_operation operation, hcs_handle system, HRESULT result)
{
    must(operation && operation->open, "no operation, or a closed one");
    must(!InterlockedExchange(&operation->begun, 1), "an operation used twice");
    must(!system || system->open, "a closed system");
    operation->time_outs = fake.own_time_outs;
    operation->result = fake.end;
    if (SUCCEEDED(result) && system) {
        operation->system = system;
        InterlockedIncrement(&system->users);
    }
    return result;
}

static HRESULT WINAPI wait_operation(hcs_operation operation, DWORD ms, PWSTR *answer)
{
    must(operation->open && operation->begun && ms > 0, "waiting for what was never begun");
    *answer = give_answer();
    if (operation->time_outs-- > 0)
        return (HRESULT)LIMA_HCS_E_OPERATION_TIMEOUT;
    if (fake.hold) {
        lima_wake_raise(fake.held);
        WaitForSingleObject(fake.hold, INFINITE);
    }
    if (operation->system)
        InterlockedDecrement(&operation->system->users);
    operation->system = NULL;
    return operation->result;
}

static HRESULT WINAPI get_result(hcs_operation operation, PWSTR *answer)
{
    must(operation->open, "a closed operation");
    *answer = give_answer();
    return S_OK;
}

/* ---- systems ---- */

static hcs_handle new_system(void)
{
    hcs_handle system = calloc(1, sizeof *system);

    must(system != NULL, "no memory");
    system->open = 1;
    InterlockedIncrement(&fake.systems);
    return system;
}

static HRESULT WINAPI create_system(PCWSTR id, PCWSTR document, hcs_operation operation, const void *security,
                                    hcs_handle *ret)
{
    must(!security, "a security descriptor, which is reserved");
    HRESULT result = begin(operation, NULL, note(L"create", id, document));

    if (FAILED(result))
        return result;
    *ret = new_system();
    operation->system = *ret;
    InterlockedIncrement(&operation->system->users);
    return result;
}

static HRESULT WINAPI open_system(PCWSTR id, DWORD access, hcs_handle *ret)
{
    HRESULT result = note(L"open", id, NULL);

    must(access == GENERIC_ALL, "another access than GENERIC_ALL");
    if (SUCCEEDED(result))
        *ret = new_system();
    return result;
}

static void WINAPI close_system(hcs_handle system)
{
    must(system->users == 0, "a system closed under a call that uses it");
    must(InterlockedExchange(&system->open, 0) == 1, "a system closed twice");
    callback = NULL;
    free(system);
    InterlockedDecrement(&fake.systems);
    if (fake.closed)
        SetEvent(fake.closed);
}

static HRESULT WINAPI set_callback(hcs_handle system, int options, const void *context,
                                   hcs_event_callback function)
{
    must(system->open && !options, "a closed system, or options");
    callback = function;
    callback_context = (void *)(uintptr_t)context;
    return fake.listen;
}

static HRESULT WINAPI terminate_system(hcs_handle system, hcs_operation operation, PCWSTR options)
{
    InterlockedIncrement(&fake.terminations);
    return begin(operation, system, note(L"terminate", NULL, options));
}

#define ON_SYSTEM(name)                                                                                      \
    static HRESULT WINAPI name##_system(hcs_handle system, hcs_operation operation, PCWSTR options)          \
    {                                                                                                        \
        return begin(operation, system, note(L## #name, NULL, options));                                     \
    }
ON_SYSTEM(start)
ON_SYSTEM(shut_down)
ON_SYSTEM(pause)
ON_SYSTEM(resume)
ON_SYSTEM(save)
ON_SYSTEM(properties)

static HRESULT WINAPI modify_system(hcs_handle system, hcs_operation operation, PCWSTR document,
                                    HANDLE identity)
{
    must(!identity, "an identity nobody gave");
    return begin(operation, system, note(L"modify", NULL, document));
}

/* ---- the rest ---- */

static HRESULT WINAPI service(PCWSTR query, PWSTR *answer)
{
    *answer = give_answer();
    return note(L"service", NULL, query);
}

static HRESULT WINAPI enumerate(PCWSTR query, hcs_operation operation)
{
    return begin(operation, NULL, note(L"enumerate", NULL, query));
}

static HRESULT WINAPI guest_state(PCWSTR path)
{
    return note(L"guest_state", path, NULL);
}

static HRESULT WINAPI runtime_state(PCWSTR path)
{
    return note(L"runtime_state", path, NULL);
}

static HRESULT WINAPI grant(PCWSTR id, PCWSTR path)
{
    return note(L"grant", id, path);
}

static HRESULT WINAPI revoke(PCWSTR id, PCWSTR path)
{
    return note(L"revoke", id, path);
}

static const hcs_api api = {create_operation,
                            close_operation,
                            wait_operation,
                            get_result,
                            service,
                            enumerate,
                            create_system,
                            open_system,
                            close_system,
                            start_system,
                            shut_down_system,
                            terminate_system,
                            pause_system,
                            resume_system,
                            save_system,
                            properties_system,
                            modify_system,
                            set_callback,
                            guest_state,
                            runtime_state,
                            grant,
                            revoke};

const hcs_api *lima_win_hcs(lima_err *err)
{
    (void)err;
    return &api;
}

/* ---- for the tests ---- */

static DWORD WINAPI run_event(void *arg)
{
    hcs_event *event = arg;

    if (callback)
        callback(event, callback_context);
    return 0;
}

void fake_hcs_event(int type, const wchar_t *data)
{
    hcs_event event = {type, data, NULL};
    HANDLE thread = CreateThread(NULL, 0, run_event, &event, 0, NULL);

    must(thread != NULL, "no thread");
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

void fake_hcs_reset(void)
{
    must(fake.operations == 0 && fake.systems == 0, "something left open");
    fake = (fake_hcs){0};
}
