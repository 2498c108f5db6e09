/* Threads and monitors over pthreads. A failing lock or condition is a programming mistake (assert), never
 * input. */
#include "os/thread.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "platform.h"
#include "posix_err.h"

struct lima_thread {
    pthread_t handle;
    void (*run)(void *arg);
    void *arg;
    char name[16];
};

static void *run_named(void *arg)
{
    lima_thread *thread = arg;

    lima_posix_thread_name(thread->name);
    thread->run(thread->arg);
    return NULL;
}

bool lima_thread_start(const char *name, void (*run)(void *arg), void *arg, lima_thread **ret_thread,
                       lima_err *err)
{
    lima_thread *thread = lima_mem_zalloc(1, sizeof *thread);

    thread->run = run;
    thread->arg = arg;
    snprintf(thread->name, sizeof thread->name, "%s", name);
    int failed = pthread_create(&thread->handle, NULL, run_named, thread);
    if (failed) {
        free(thread);
        return lima_posix_fail(err, failed, "start thread '%s'", name);
    }
    *ret_thread = thread;
    return true;
}

void lima_thread_join(lima_thread *thread)
{
    if (!thread)
        return;
    int failed = pthread_join(thread->handle, NULL);
    assert(!failed);
    (void)failed;
    free(thread);
}

struct lima_monitor {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
};

lima_monitor *lima_monitor_new(void)
{
    lima_monitor *monitor = lima_mem_zalloc(1, sizeof *monitor);
    pthread_mutexattr_t checked;

    /* Error checking: entering twice is an assert instead of a silent deadlock. */
    pthread_mutexattr_init(&checked);
    pthread_mutexattr_settype(&checked, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&monitor->mutex, &checked);
    pthread_mutexattr_destroy(&checked);
    lima_posix_cond_init(&monitor->cond);
    return monitor;
}

void lima_monitor_enter(lima_monitor *monitor)
{
    int failed = pthread_mutex_lock(&monitor->mutex);

    assert(!failed);
    (void)failed;
}

void lima_monitor_leave(lima_monitor *monitor)
{
    int failed = pthread_mutex_unlock(&monitor->mutex);

    assert(!failed);
    (void)failed;
}

bool lima_monitor_wait(lima_monitor *monitor, lima_deadline deadline)
{
    if (deadline == LIMA_DEADLINE_NEVER)
        pthread_cond_wait(&monitor->cond, &monitor->mutex);
    else if (deadline > lima_clock_now())
        lima_posix_cond_wait(&monitor->cond, &monitor->mutex, deadline);
    return deadline > lima_clock_now();
}

void lima_monitor_notify(lima_monitor *monitor)
{
    pthread_cond_broadcast(&monitor->cond);
}

void lima_monitor_free(lima_monitor *monitor)
{
    if (!monitor)
        return;
    pthread_cond_destroy(&monitor->cond);
    pthread_mutex_destroy(&monitor->mutex);
    free(monitor);
}
