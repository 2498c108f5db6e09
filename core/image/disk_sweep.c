/* Each thread takes the next piece that is no hole and reads it. Pieces are handed out in the order of the disk, so that its
 * file is read forwards. */
#include "image/disk_sweep.h"

#include <stdlib.h>

#include "base/mem.h"
#include "os/host.h"

enum { REPORT_MS = 250 };

typedef struct job {
    const lima_sweep *sweep;
    lima_disk_info info;
    lima_monitor *monitor; /* what follows */
    uint64_t next;         /* offset of the first piece not handed out */
    unsigned running;      /* threads */
    bool failed;
    lima_err why;
} job;

/* ---- one thread ---- */

static void fail(job *work, const lima_err *why)
{
    lima_monitor_enter(work->monitor);
    if (!work->failed)
        work->why = *why;
    work->failed = true;
    lima_monitor_leave(work->monitor);
}

/* Inside the monitor: past what is known to be zero. */
static bool find_next(job *work, uint64_t *ret_len, lima_err *err)
{
    lima_disk_extent extent;

    for (*ret_len = 0; work->next < work->info.size && !*ret_len;) {
        if (!lima_disk_map(work->sweep->disk, work->next, &extent, err))
            return false;
        if (extent.zero)
            work->next += extent.len;
        else
            *ret_len = extent.len;
    }
    return true;
}

/* False: no more, or failed. */
static bool take(job *work, uint64_t *ret_offset, size_t *ret_len)
{
    lima_err err;
    uint64_t len = 0;

    if (lima_wake_wait(work->sweep->cancel, 0)) {
        lima_err_set(&err, LIMA_CODE_CANCELLED, "interrupted");
        fail(work, &err);
    }
    lima_monitor_enter(work->monitor);
    bool going = !work->failed, found = going && find_next(work, &len, &err);
    uint64_t unit = work->info.unit - work->next % work->info.unit;
    *ret_offset = work->next;
    *ret_len = (size_t)(len < unit ? len : unit);
    work->next += *ret_len;
    lima_monitor_leave(work->monitor);
    if (going && !found)
        fail(work, &err);
    return found && len > 0;
}

static void sweep_pieces(void *arg)
{
    job *work = arg;
    const lima_sweep *sweep = work->sweep;
    char *bytes = lima_mem_zalloc(work->info.unit, 1);
    uint64_t offset;
    size_t len;
    lima_err err;

    while (take(work, &offset, &len))
        if (!lima_disk_read(sweep->disk, offset, bytes, len, &err)
            || (sweep->piece && !sweep->piece(sweep->arg, offset, bytes, len, &err)))
            fail(work, &err);
    free(bytes);
    lima_monitor_enter(work->monitor);
    work->running--;
    lima_monitor_notify(work->monitor);
    lima_monitor_leave(work->monitor);
}

/* ---- all of them ---- */

static void watch(job *work)
{
    const lima_sweep *sweep = work->sweep;

    for (bool running = true; running;) {
        lima_monitor_enter(work->monitor);
        if (work->running > 0)
            lima_monitor_wait(work->monitor, lima_clock_in(REPORT_MS));
        uint64_t done = work->next;
        running = work->running > 0;
        lima_monitor_leave(work->monitor);
        if (sweep->progress)
            sweep->progress(sweep->context, done, work->info.size);
    }
}

static unsigned threads_for(const lima_sweep *sweep)
{
    unsigned wanted = sweep->threads ? sweep->threads : lima_host_get()->cpus;

    return wanted < LIMA_SWEEP_THREADS_MAX ? wanted : LIMA_SWEEP_THREADS_MAX;
}

/* Fewer threads than wanted are enough; that none could be had is a failure. */
static void run(job *work)
{
    lima_thread *started[LIMA_SWEEP_THREADS_MAX] = {NULL};
    unsigned count = 0, wanted = threads_for(work->sweep);
    lima_err err;

    work->running = wanted;
    while (count < wanted && lima_thread_start("image", sweep_pieces, work, &started[count], &err))
        count++;
    lima_monitor_enter(work->monitor);
    work->running -= wanted - count;
    lima_monitor_leave(work->monitor);
    if (!count)
        fail(work, &err);
    watch(work);
    for (unsigned i = 0; i < count; i++)
        lima_thread_join(started[i]);
}

bool lima_disk_sweep(const lima_sweep *sweep, lima_err *err)
{
    job work = {.sweep = sweep};

    lima_disk_get_info(sweep->disk, &work.info);
    work.monitor = lima_monitor_new();
    run(&work);
    lima_monitor_free(work.monitor);
    if (work.failed && err)
        *err = work.why;
    return !work.failed;
}
