/* One thread runs all callbacks, in order, as Windows' pool might; it is started by the first. */
#include "core.h"

#include <stdlib.h>

#include "front_link_win.h"

typedef struct job {
    struct job *next;
    uint64_t system, operation; /* numbers; 0: none */
    HCS_EVENT_TYPE type;        /* SYSTEM jobs; else the operation's own callback */
    wchar_t *data;
} job;

static job *first, **last = &first;
static DWORD thread_id;

bool callbacks_is_this_thread(void)
{
    return GetCurrentThreadId() == thread_id;
}

static void run_system(const job *one)
{
    AcquireSRWLockExclusive(&objects_lock);
    compute_system *of = object_by_number(OBJECT_SYSTEM, one->system);
    operation *about = one->operation ? object_by_number(OBJECT_OPERATION, one->operation) : NULL;
    HCS_EVENT_CALLBACK callback = of ? of->callback : NULL;
    void *context = of ? of->context : NULL;
    HCS_EVENT event = {
        .Type = one->type, .EventData = one->data, .Operation = about ? object_handle(about) : NULL};
    bool ready = callback && (!one->operation || about);
    if (ready)
        of->running++;
    ReleaseSRWLockExclusive(&objects_lock);
    if (!ready)
        return;
    callback(&event, context);
    AcquireSRWLockExclusive(&objects_lock);
    of->running--; /* closing waits for this */
    ReleaseSRWLockExclusive(&objects_lock);
    WakeAllConditionVariable(&objects_changed);
}

static void run_operation(const job *one)
{
    AcquireSRWLockShared(&objects_lock);
    operation *about = object_by_number(OBJECT_OPERATION, one->operation);
    HCS_OPERATION_COMPLETION callback = about ? about->callback : NULL;
    void *context = about ? about->context : NULL;
    HCS_OPERATION handle = about ? object_handle(about) : NULL;
    ReleaseSRWLockShared(&objects_lock);
    if (callback)
        callback(handle, context);
}

static DWORD WINAPI run(void *unused)
{
    (void)unused;
    for (;;) {
        AcquireSRWLockExclusive(&objects_lock);
        while (!first)
            SleepConditionVariableSRW(&objects_changed, &objects_lock, INFINITE, 0);
        job *one = first;
        first = one->next;
        if (!first)
            last = &first;
        ReleaseSRWLockExclusive(&objects_lock);
        if (one->system)
            run_system(one);
        else
            run_operation(one);
        free(one->data);
        free(one);
    }
    return 0;
}

static void add(job what)
{
    job *one = malloc(sizeof *one);
    if (!one)
        front_mistake("hcssim: no memory\n");
    *one = what;
    *last = one;
    last = &one->next;
    if (!thread_id) {
        HANDLE thread = CreateThread(NULL, 0, run, NULL, 0, &thread_id);
        if (!thread)
            front_mistake("hcssim: no thread\n");
        CloseHandle(thread);
    }
    WakeAllConditionVariable(&objects_changed);
}

void callbacks_event(const compute_system *system, HCS_EVENT_TYPE type, const char *data,
                     const operation *one)
{
    add((job){.system = system->base.number,
              .operation = one ? one->base.number : 0,
              .type = type,
              .data = data ? win_wide(data) : NULL});
}

void callbacks_operation(const operation *one)
{
    if (one->callback)
        add((job){.operation = one->base.number});
}
