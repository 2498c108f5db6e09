#include "os/clock.h"

#include <assert.h>
#include <time.h>

uint64_t lima_clock_now(void)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_MONOTONIC, &now);

    assert(!failed);
    (void)failed;
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}
