/* Jobs that were left behind end some time after what held them. */
#pragma once

#include <windows.h>

#include "support.h"

#include "job.h"

/* Whether all of them have ended, within patience. */
static inline bool none_left(void)
{
    for (lima_deadline until = patience(); lima_win_jobs_left() > 0 && lima_clock_now() < until;)
        SwitchToThread();
    return lima_win_jobs_left() == 0;
}
