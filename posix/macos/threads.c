/* macOS: conditions cannot take another clock, but wait for a stretch of time. */
#include "platform.h"

void lima_posix_cond_init(pthread_cond_t *cond)
{
    pthread_cond_init(cond, NULL);
}

void lima_posix_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, lima_deadline deadline)
{
    uint64_t now = lima_clock_now();
    uint64_t left = deadline > now ? deadline - now : 0;
    struct timespec stretch = {.tv_sec = (time_t)(left / 1000), .tv_nsec = (long)(left % 1000) * 1000000};

    pthread_cond_timedwait_relative_np(cond, mutex, &stretch);
}

void lima_posix_thread_name(const char *name)
{
    pthread_setname_np(name);
}
