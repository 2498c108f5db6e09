/* Threads of Windows (all that the C library keeps per thread it makes and frees by itself), monitors over
 * slim locks and condition variables of Windows, which need no handle and cannot fail. A monitor remembers
 * who is inside: entering twice is an assert instead of a silent deadlock. */
#include "os/thread.h"

#include <windows.h>

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "wide.h"
#include "win_err.h"

enum { NAME_MAX_BYTES = 15 };

struct lima_thread {
    HANDLE handle;
    void (*run)(void *arg);
    void *arg;
    char *name;
};

/* A name is a help for debuggers: without it everything works. Windows has names since 1607; not every
 * MinGW-w64 declares the function. */
static void set_name(const char *name)
{
    typedef HRESULT(WINAPI * describe_fn)(HANDLE, PCWSTR);
    HMODULE kernel = GetModuleHandleW(L"kernel32.dll");
    describe_fn describe =
        (describe_fn)(void (*)(void))(kernel ? GetProcAddress(kernel, "SetThreadDescription") : NULL);
    char *kept = lima_mem_strndup(name, NAME_MAX_BYTES);
    wchar_t *wide;

    if (describe && lima_wide_from_utf8(kept, &wide, NULL)) {
        describe(GetCurrentThread(), wide);
        free(wide);
    }
    free(kept);
}

static DWORD WINAPI run_named(void *arg)
{
    lima_thread *thread = arg;

    set_name(thread->name);
    thread->run(thread->arg);
    return 0;
}

bool lima_thread_start(const char *name, void (*run)(void *arg), void *arg, lima_thread **ret_thread,
                       lima_err *err)
{
    lima_thread *thread = lima_mem_zalloc(1, sizeof *thread);

    *thread = (lima_thread){.run = run, .arg = arg, .name = lima_mem_strdup(name)};
    thread->handle = CreateThread(NULL, 0, run_named, thread, 0, NULL);
    if (!thread->handle) {
        lima_win_fail(err, GetLastError(), "start thread '%s'", name);
        free(thread->name);
        free(thread);
        return false;
    }
    *ret_thread = thread;
    return true;
}

void lima_thread_join(lima_thread *thread)
{
    if (!thread)
        return;
    DWORD result = WaitForSingleObject(thread->handle, INFINITE);
    assert(result == WAIT_OBJECT_0);
    (void)result;
    CloseHandle(thread->handle);
    free(thread->name);
    free(thread);
}

struct lima_monitor {
    SRWLOCK lock;
    CONDITION_VARIABLE changed;
    atomic_ulong inside; /* the thread that is; 0: nobody */
};

lima_monitor *lima_monitor_new(void)
{
    lima_monitor *monitor = lima_mem_zalloc(1, sizeof *monitor);

    InitializeSRWLock(&monitor->lock);
    InitializeConditionVariable(&monitor->changed);
    atomic_init(&monitor->inside, 0);
    return monitor;
}

void lima_monitor_enter(lima_monitor *monitor)
{
    assert(atomic_load(&monitor->inside) != GetCurrentThreadId());
    AcquireSRWLockExclusive(&monitor->lock);
    atomic_store(&monitor->inside, GetCurrentThreadId());
}

void lima_monitor_leave(lima_monitor *monitor)
{
    assert(atomic_load(&monitor->inside) == GetCurrentThreadId());
    atomic_store(&monitor->inside, 0);
    ReleaseSRWLockExclusive(&monitor->lock);
}

static DWORD wait_ms(lima_deadline deadline, uint64_t now)
{
    if (deadline == LIMA_DEADLINE_NEVER)
        return INFINITE;
    return deadline - now < INFINITE ? (DWORD)(deadline - now) : INFINITE - 1;
}

bool lima_monitor_wait(lima_monitor *monitor, lima_deadline deadline)
{
    uint64_t now = lima_clock_now();

    assert(atomic_load(&monitor->inside) == GetCurrentThreadId());
    if (deadline > now) {
        atomic_store(&monitor->inside, 0);
        SleepConditionVariableSRW(&monitor->changed, &monitor->lock, wait_ms(deadline, now), 0);
        atomic_store(&monitor->inside, GetCurrentThreadId());
    }
    return deadline > lima_clock_now();
}

void lima_monitor_notify(lima_monitor *monitor)
{
    WakeAllConditionVariable(&monitor->changed);
}

void lima_monitor_free(lima_monitor *monitor)
{
    free(monitor); /* neither holds anything of the system */
}
