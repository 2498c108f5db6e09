/* One monitor, one ring of jobs. A thread is added when a job comes and none is idle. */
#include "rpc/pool.h"

#include <stdlib.h>

#include "base/mem.h"
#include "os/thread.h"

typedef struct job {
    void (*run)(void *arg);
    void *arg;
} job;

struct lima_pool {
    const char *name;
    lima_monitor *monitor; /* guards what follows */
    lima_thread **threads;
    unsigned threads_max, thread_count, idle;
    job *ring;
    unsigned ring_size, first, waiting;
    bool ending;
};

static bool take(lima_pool *pool, job *ret)
{
    lima_monitor_enter(pool->monitor);
    pool->idle++;
    while (!pool->waiting && !pool->ending)
        lima_monitor_wait(pool->monitor, LIMA_DEADLINE_NEVER);
    pool->idle--;
    bool some = pool->waiting > 0;
    if (some) {
        *ret = pool->ring[pool->first];
        pool->first = (pool->first + 1) % pool->ring_size;
        pool->waiting--;
    }
    lima_monitor_leave(pool->monitor);
    return some;
}

static void work(void *arg)
{
    job next;
    while (take(arg, &next))
        next.run(next.arg);
}

lima_pool *lima_pool_new(const char *name, unsigned threads_max, unsigned queue_max)
{
    lima_pool *pool = lima_mem_zalloc(1, sizeof *pool);
    pool->name = name;
    pool->monitor = lima_monitor_new();
    pool->threads_max = threads_max;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
    pool->threads = lima_mem_zalloc(threads_max, sizeof *pool->threads);
    pool->ring_size = threads_max + queue_max;
    pool->ring = lima_mem_zalloc(pool->ring_size, sizeof *pool->ring);
    return pool;
}

/* Under the monitor. Whether a job more will find a thread, or a place to wait for one. */
static bool make_place(lima_pool *pool)
{
    if (pool->waiting < pool->idle)
        return true;
    if (pool->thread_count < pool->threads_max
        && lima_thread_start(pool->name, work, pool, &pool->threads[pool->thread_count], NULL)) {
        pool->thread_count++;
        return true;
    }
    return pool->thread_count > 0 && pool->waiting < pool->ring_size - pool->threads_max;
}

bool lima_pool_submit(lima_pool *pool, void (*run)(void *arg), void *arg)
{
    lima_monitor_enter(pool->monitor);
    bool ok = pool->waiting < pool->ring_size && make_place(pool);
    if (ok) {
        pool->ring[(pool->first + pool->waiting++) % pool->ring_size] = (job){run, arg};
        lima_monitor_notify(pool->monitor);
    }
    lima_monitor_leave(pool->monitor);
    return ok;
}

void lima_pool_free(lima_pool *pool)
{
    if (!pool)
        return;
    lima_monitor_enter(pool->monitor);
    pool->ending = true;
    lima_monitor_notify(pool->monitor);
    lima_monitor_leave(pool->monitor);
    for (unsigned i = 0; i < pool->thread_count; i++)
        lima_thread_join(pool->threads[i]);
    lima_monitor_free(pool->monitor);
    free(pool->threads);
    free(pool->ring);
    free(pool);
}
