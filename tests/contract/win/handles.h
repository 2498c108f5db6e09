/* Handles of this process, counted before and after many rounds of something that makes some. */
#pragma once

#include <windows.h>

#include "support.h"

enum { WARM_UP = 5, HANDLES_MAX = 1 << 15 };

/* Not GetProcessHandleCount, which Wine does not know. */
static inline unsigned count_handles(void)
{
    unsigned count = 0;
    DWORD flags;

    for (uintptr_t handle = 4; handle < HANDLES_MAX; handle += 4)
        count += GetHandleInformation((HANDLE)handle, &flags) != 0;
    return count;
}

/* What Windows itself sets up once is there after the first rounds. What ends on a thread of Windows may
 * do so a little later. */
static inline void assert_no_growth(void (*round)(void *arg), void *arg, unsigned rounds)
{
    for (int i = 0; i < WARM_UP; i++)
        round(arg);
    unsigned before = count_handles();
    for (unsigned i = 0; i < rounds; i++)
        round(arg);
    for (lima_deadline until = patience(); count_handles() > before && lima_clock_now() < until;)
        lima_wake_wait(NULL, lima_clock_in(20));
    assert_in_range(count_handles(), 0, before);
}
