/* A wake is a flag and a manual-reset event, so that waits for it and for other handles are one call. When no
 * event could be had the wake still works; its waits then look at the flag (wait.h). */
#include "os/thread.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "wait.h"

struct lima_wake {
    atomic_bool raised;
    HANDLE event; /* NULL: none */
};

lima_wake *lima_wake_new(void)
{
    lima_wake *wake = lima_mem_zalloc(1, sizeof *wake);

    atomic_init(&wake->raised, false);
    wake->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    return wake;
}

void lima_wake_raise(lima_wake *wake)
{
    if (!atomic_exchange(&wake->raised, true) && wake->event)
        SetEvent(wake->event);
}

bool lima_wake_wait(lima_wake *wake, lima_deadline deadline)
{
    HANDLE none[1];
    lima_err err;

    return !lima_win_wait(none, 1, deadline, wake, NULL, &err) && err.code == LIMA_CODE_CANCELLED;
}

void lima_wake_free(lima_wake *wake)
{
    if (!wake)
        return;
    if (wake->event)
        CloseHandle(wake->event);
    free(wake);
}

HANDLE lima_win_wake_event(const lima_wake *wake)
{
    return wake->event;
}

bool lima_win_wake_raised(const lima_wake *wake)
{
    return atomic_load(&wake->raised);
}
