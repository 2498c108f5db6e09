/* A system is referenced by its owner and by each call under way, so that a call that nobody waits for any more finds
 * its handle open; the last of them closes it.
 *
 * Events come on threads of the DLL. They copy what they say into the system and raise its wake, under a lock that
 * nobody holds for long, and do nothing else: closing a handle waits for its callbacks, so a callback that waited for
 * anything, or closed, could hang for ever. An exit stands, whatever comes after it; a service that disconnects will
 * say nothing more. */
#include "hcs_system.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <wchar.h>

#include "base/mem.h"
#include "job.h"
#include "wait.h"
#include "wide.h"

enum { CLOSE_MS = 10000 };

struct lima_hcs_system {
    char *id;
    hcs_handle handle;
    atomic_uint references;
    lima_monitor *lock; /* for `end` */
    lima_hcs_end end;
    lima_wake *ended;
};

lima_hcs_system *lima_win_hcs_system_new(const char *id)
{
    lima_hcs_system *system = lima_mem_zalloc(1, sizeof *system);

    system->id = lima_mem_strdup(id);
    system->lock = lima_monitor_new();
    system->ended = lima_wake_new();
    atomic_init(&system->references, 1);
    return system;
}

void lima_win_hcs_system_ref(lima_hcs_system *system)
{
    atomic_fetch_add(&system->references, 1);
}

void lima_win_hcs_system_unref(lima_hcs_system *system)
{
    if (atomic_fetch_sub(&system->references, 1) != 1)
        return;
    if (system->handle)
        lima_win_hcs(NULL)->HcsCloseComputeSystem(system->handle);
    lima_hcs_end_free(&system->end);
    lima_wake_free(system->ended);
    lima_monitor_free(system->lock);
    free(system->id);
    free(system);
}

/* At most LIMA_HCS_EVENT_MAX bytes of it. */
static char *copy_text(PCWSTR text)
{
    return text ? lima_wide_to_text(text, wcsnlen(text, LIMA_HCS_EVENT_MAX / 3)) : lima_mem_strdup("");
}

static void note_end(lima_hcs_system *system, lima_hcs_how how, char *status)
{
    if (system->end.how == LIMA_HCS_GOES_ON) {
        system->end.how = how;
        system->end.status = status;
    } else {
        free(status);
    }
}

static void CALLBACK on_event(hcs_event *event, void *context)
{
    lima_hcs_system *system = context;
    bool exited = event->type == HCS_EVENT_EXITED, gone = event->type == HCS_EVENT_DISCONNECT;

    if (!exited && !gone && event->type != HCS_EVENT_CRASH_REPORT)
        return;
    char *text = gone ? NULL : copy_text(event->data);
    lima_monitor_enter(system->lock);
    if (exited || gone) {
        note_end(system, exited ? LIMA_HCS_EXITED : LIMA_HCS_DISCONNECTED, text);
    } else {
        free(system->end.crash);
        system->end.crash = text;
    }
    lima_monitor_leave(system->lock);
    if (exited || gone)
        lima_wake_raise(system->ended);
}

void lima_win_hcs_system_own(lima_hcs_system *system, hcs_handle handle)
{
    system->handle = handle;
}

HRESULT lima_win_hcs_system_listen(lima_hcs_system *system)
{
    return lima_win_hcs(NULL)->HcsSetComputeSystemCallback(system->handle, 0, system, on_event);
}

hcs_handle lima_win_hcs_system_handle(const lima_hcs_system *system)
{
    return system->handle;
}

const char *lima_win_hcs_system_id(const lima_hcs_system *system)
{
    return system->id;
}

bool lima_win_hcs_system_is_dead(lima_hcs_system *system)
{
    lima_monitor_enter(system->lock);
    bool dead = system->end.how == LIMA_HCS_DISCONNECTED;
    lima_monitor_leave(system->lock);
    return dead;
}

/* ---- what hcs.h offers ---- */

typedef struct close_call {
    lima_hcs_system *system; /* NULL: done */
} close_call;

static void run_close(void *arg)
{
    close_call *closing = arg;

    lima_win_hcs_system_unref(closing->system);
    closing->system = NULL;
}

static void dispose_close(void *arg)
{
    close_call *closing = arg;

    if (closing->system)
        run_close(closing);
    free(closing);
}

void lima_hcs_close(lima_hcs_system *system)
{
    static const lima_win_work work = {run_close, dispose_close};
    close_call *closing = lima_mem_zalloc(1, sizeof *closing);

    closing->system = system;
    if (!system || lima_win_job(&work, closing, lima_clock_in(CLOSE_MS), NULL, NULL))
        free(closing);
}

lima_wake *lima_hcs_ended(lima_hcs_system *system)
{
    return system->ended;
}

void lima_hcs_end_get(lima_hcs_system *system, lima_hcs_end *ret)
{
    lima_monitor_enter(system->lock);
    ret->how = system->end.how;
    ret->status = lima_mem_strdup(system->end.status);
    ret->crash = lima_mem_strdup(system->end.crash);
    lima_monitor_leave(system->lock);
}

void lima_hcs_end_free(lima_hcs_end *end)
{
    if (!end)
        return;
    free(end->status);
    free(end->crash);
    *end = (lima_hcs_end){0};
}

/* The next moment to look at a wake that has no event. */
static lima_deadline next_look(HANDLE event, lima_deadline deadline)
{
    lima_deadline slice = lima_clock_in(LIMA_WIN_SLICE_MS);

    return event || deadline < slice ? deadline : slice;
}

bool lima_hcs_wait_end(lima_hcs_system *system, lima_deadline deadline, lima_wake *wake, lima_hcs_end *ret,
                       lima_err *err)
{
    while (!lima_win_wake_raised(system->ended)) {
        HANDLE handles[2] = {NULL, lima_win_wake_event(system->ended)};
        lima_err why = {0};
        if (!lima_win_wait(handles, 2, next_look(handles[1], deadline), wake, NULL, &why)
            && (why.code != LIMA_CODE_DEADLINE_EXCEEDED || deadline <= lima_clock_now()))
            return lima_err_set(err, why.code, "virtual machine '%s': its end: %s", system->id, why.text);
    }
    lima_hcs_end_get(system, ret);
    return true;
}
