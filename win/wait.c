/* All waiting of win/ ends here, in one WaitForMultipleObjects.
 *
 * The call wants its handles without gaps, so they are copied; a table remembers where each came from. With
 * nothing to wait for it sleeps. Windows ends a wait on a tick of its timer, which may be a little early by
 * the clock: the loop asks the clock. */
#include "wait.h"

#include <assert.h>

#include "win_err.h"

enum { ROUND_MAX_MS = 60 * 60 * 1000 };

typedef struct handles {
    HANDLE at[MAXIMUM_WAIT_OBJECTS];
    DWORD from[MAXIMUM_WAIT_OBJECTS]; /* index in the caller's list */
    DWORD count;
} handles;

static void add(handles *list, HANDLE handle, DWORD from)
{
    if (!handle)
        return;
    assert(list->count < MAXIMUM_WAIT_OBJECTS);
    list->at[list->count] = handle;
    list->from[list->count++] = from;
}

static DWORD round_ms(lima_deadline deadline, const lima_wake *wake)
{
    uint64_t now = lima_clock_now();
    uint64_t left = deadline > now ? deadline - now : 0;

    if (wake && !lima_win_wake_event(wake) && left > LIMA_WIN_SLICE_MS)
        return LIMA_WIN_SLICE_MS;
    return left < ROUND_MAX_MS ? (DWORD)left : ROUND_MAX_MS;
}

static DWORD wait_round(const handles *list, DWORD ms)
{
    if (list->count > 0)
        return WaitForMultipleObjects(list->count, list->at, FALSE, ms);
    Sleep(ms);
    return WAIT_TIMEOUT;
}

bool lima_win_wait(HANDLE *given, DWORD count, lima_deadline deadline, lima_wake *wake, DWORD *ret_which,
                   lima_err *err)
{
    handles list = {.count = 0};

    given[0] = wake ? lima_win_wake_event(wake) : NULL;
    for (DWORD i = 0; i < count; i++)
        add(&list, given[i], i);
    for (;;) {
        DWORD result = wait_round(&list, round_ms(deadline, wake));
        if (wake && lima_win_wake_raised(wake))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "cancelled while waiting");
        if (result < WAIT_OBJECT_0 + list.count) {
            if (ret_which)
                *ret_which = list.from[result - WAIT_OBJECT_0];
            return true;
        }
        if (result != WAIT_TIMEOUT)
            return lima_win_fail(err, GetLastError(), "wait");
        if (deadline <= lima_clock_now())
            return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "timed out");
    }
}

bool lima_win_pause(unsigned *pause_ms, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    lima_deadline step = lima_clock_in(*pause_ms);
    HANDLE none[1];
    lima_err why = {0};
    bool passed = lima_win_wait(none, 1, step < deadline ? step : deadline, wake, NULL, &why)
                  || (why.code == LIMA_CODE_DEADLINE_EXCEEDED && lima_clock_now() < deadline);

    *pause_ms = *pause_ms * 2 < LIMA_WIN_PAUSE_MAX ? *pause_ms * 2 : LIMA_WIN_PAUSE_MAX;
    return passed || lima_err_set(err, why.code, "%s", why.text);
}
