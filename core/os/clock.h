/* The monotonic clock, and deadlines on it. All times are milliseconds. Thread-safe. */
#pragma once

#include <stdint.h>

/* A point on the monotonic clock after which a wait gives up with DEADLINE_EXCEEDED. 0 is long past: do not
 * wait at all. */
typedef uint64_t lima_deadline;
#define LIMA_DEADLINE_NEVER UINT64_MAX

uint64_t lima_clock_now(void); /* since an arbitrary start; never 0 */

/* That many milliseconds from now. */
static inline lima_deadline lima_clock_in(uint64_t ms)
{
    uint64_t now = lima_clock_now();
    return ms < LIMA_DEADLINE_NEVER - now ? now + ms : LIMA_DEADLINE_NEVER;
}
