/* One socket, written under a lock, read by a thread that hands returns to those who wait. The frames'
 * letters: Q call, B its return, F an operation's end, V an event, A start the agent of this prefix
 * (standin/protocol.py, wire.py). */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front_link_win.h"
#include "misuse.h"
#include "results.h"

typedef struct waiter {
    struct waiter *next;
    uint64_t id;
    char *fields;
} waiter;

enum { KILLED = 137 };

static SRWLOCK lock = SRWLOCK_INIT, sending = SRWLOCK_INIT;
static CONDITION_VARIABLE changed = CONDITION_VARIABLE_INIT;
static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static waiter *waiters;
static bool lost;
static volatile LONG64 last_id;

void plat_hello(front_text *hello)
{
    wchar_t path[MAX_PATH * 4];
    char pid[16];
    front_field(hello, "system", "windows");
    snprintf(pid, sizeof pid, "%lu", GetCurrentProcessId());
    front_field(hello, "pid", pid);
    if (GetCurrentDirectoryW(MAX_PATH * 4, path))
        win_hello_text(hello, "cwd", path);
    if (GetModuleFileNameW(NULL, path, MAX_PATH * 4))
        win_hello_text(hello, "program", path);
    win_hello_environment(hello);
    win_hello_drives(hello);
}

const char *session_field(const char *fields, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = fields; at && *at; at += strlen(at) + 1) {
        if (strncmp(at, name, len) == 0 && at[len] == '=')
            return at + len + 1;
    }
    return NULL;
}

uint64_t session_field_number(const char *fields, const char *name)
{
    const char *value = session_field(fields, name);
    return value ? strtoull(value, NULL, 0) : 0;
}

HRESULT session_code(const char *fields)
{
    return fields ? (HRESULT)session_field_number(fields, "hr")
                  : HRESULT_FROM_WIN32(RPC_S_SERVER_UNAVAILABLE);
}

wchar_t *session_result(const char *fields, const char *name)
{
    const char *value = session_field(fields, name);
    wchar_t *wide = value ? win_wide(value) : NULL;
    wchar_t *result = wide ? results_new(wide) : NULL;
    free(wide);
    return result;
}

/* hcssim-agent.exe lies beside this DLL. */
static void start_agent(void)
{
    wchar_t program[MAX_PATH * 4], line[MAX_PATH * 4 + 8];
    HMODULE self;
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS
                                | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            (const wchar_t *)&once, &self)
        || !GetModuleFileNameW(self, program, MAX_PATH * 4 - 32))
        front_mistake("hcssim: this DLL does not know where it is\n");
    wcscpy(wcsrchr(program, L'\\') + 1, L"hcssim-agent.exe");
    swprintf(line, MAX_PATH * 4 + 8, L"\"%ls\"", program);
    win_start_helper(program, line);
}

static void hand_over(const char *fields, size_t len)
{
    uint64_t id = session_field_number(fields, "id");
    AcquireSRWLockExclusive(&lock);
    for (waiter *at = waiters; at; at = at->next) {
        if (at->id == id) {
            at->fields = malloc(len + 1);
            if (!at->fields)
                front_mistake("hcssim: no memory\n");
            memcpy(at->fields, fields, len + 1);
        }
    }
    ReleaseSRWLockExclusive(&lock);
    WakeAllConditionVariable(&changed);
}

static DWORD WINAPI receive(void *unused)
{
    (void)unused;
    char kind, *fields = malloc(FRONT_FRAME_MAX + 2);
    uint32_t len;
    if (!fields)
        front_mistake("hcssim: no memory\n");
    while (front_receive(&kind, fields, &len)) {
        fields[len] = fields[len + 1] = '\0'; /* an empty field ends them */
        if (kind == 'B')
            hand_over(fields, len + 1);
        else if (kind == 'F' && session_dll.done)
            session_dll.done(fields);
        else if (kind == 'V' && session_dll.event)
            session_dll.event(fields);
        else if (kind == 'A')
            start_agent();
        else if (kind == 'K')
            TerminateProcess(GetCurrentProcess(), KILLED);
    }
    free(fields);
    AcquireSRWLockExclusive(&lock);
    lost = true;
    ReleaseSRWLockExclusive(&lock);
    WakeAllConditionVariable(&changed);
    if (session_dll.lost)
        session_dll.lost();
    return 0;
}

/* The receiving thread needs this DLL for as long as the process lives. */
static BOOL CALLBACK start(INIT_ONCE *unused, void *parameter, void **context)
{
    (void)unused, (void)parameter, (void)context;
    HMODULE self;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                       (const wchar_t *)&once, &self);
    front_kind = session_dll.kind;
    front_connect();
    HANDLE thread = CreateThread(NULL, 0, receive, NULL, 0, NULL);
    if (!thread)
        front_mistake("hcssim: no thread\n");
    CloseHandle(thread);
    return TRUE;
}

session_request session_begin(const char *call)
{
    InitOnceExecuteOnce(&once, start, NULL, NULL);
    session_request request = {.id = (uint64_t)InterlockedIncrement64(&last_id)};
    session_number(&request, "id", request.id);
    front_field(&request.text, "call", call);
    return request;
}

void session_text(session_request *request, const char *name, const wchar_t *value)
{
    if (value) {
        char *narrow = win_utf8(value);
        front_field(&request->text, name, narrow);
        free(narrow);
    }
}

void session_number(session_request *request, const char *name, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    front_field(&request->text, name, text);
}

static void forget(waiter *one)
{
    waiter **at = &waiters;
    while (*at != one)
        at = &(*at)->next;
    *at = one->next;
}

char *session_call(session_request *request)
{
    waiter one = {.id = request->id};
    AcquireSRWLockExclusive(&lock);
    one.next = waiters;
    waiters = &one;
    ReleaseSRWLockExclusive(&lock);
    AcquireSRWLockExclusive(&sending);
    bool sent = front_send('Q', request->text.at, request->text.len);
    ReleaseSRWLockExclusive(&sending);
    free(request->text.at);
    AcquireSRWLockExclusive(&lock);
    while (sent && !one.fields && !lost)
        SleepConditionVariableSRW(&changed, &lock, INFINITE, 0);
    forget(&one);
    ReleaseSRWLockExclusive(&lock);
    const char *mistake = session_field(one.fields, "mistake");
    if (mistake)
        misuse_mistake(mistake);
    return one.fields;
}

HRESULT session_simple(session_request *request)
{
    char *fields = session_call(request);
    HRESULT code = session_code(fields);
    free(fields);
    return code;
}
