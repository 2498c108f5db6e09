/* Linux: conditions on the monotonic clock. */
#include "platform.h"

#include <sys/prctl.h>

void lima_posix_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void lima_posix_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, lima_deadline deadline)
{
    uint64_t at = deadline - 1; /* lima_clock_now counts from 1 */
    struct timespec until = {.tv_sec = (time_t)(at / 1000), .tv_nsec = (long)(at % 1000) * 1000000};

    pthread_cond_timedwait(cond, mutex, &until);
}

void lima_posix_thread_name(const char *name)
{
    prctl(PR_SET_NAME, name);
}
