/* Time that this machine was awake, as Linux counts it: a laptop that wakes up has not lost its deadlines. It
 * advances in steps of the system's timer (up to 16 ms), as the waits of Windows do. */
#include "os/clock.h"

#include <windows.h>

uint64_t lima_clock_now(void)
{
    ULONGLONG units = 0; /* of 100 ns */

    QueryUnbiasedInterruptTime(&units);
    return units / 10000 + 1;
}
