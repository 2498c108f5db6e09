/* The handle that is waited for is the thread's own, so there is nothing to signal too late. Whoever comes second, the
 * thread at its end or the caller at the end of its patience, frees: one exchange of the state tells.
 *
 * A thread that was left is never ended from outside: it is inside a DLL that would not survive that. The process may
 * end while it runs. */
#include "job.h"

#include <windows.h>

#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "wait.h"
#include "win_err.h"

enum { GOING, DONE, LEFT };

typedef struct thread_job {
    const lima_win_work *work;
    void *arg;
    atomic_int state;
} thread_job;

static atomic_uint left;

unsigned lima_win_jobs_left(void)
{
    return atomic_load(&left);
}

static DWORD WINAPI run(void *arg)
{
    thread_job *job = arg;

    job->work->run(job->arg);
    if (atomic_exchange(&job->state, DONE) == LEFT) {
        job->work->dispose(job->arg);
        free(job);
        atomic_fetch_sub(&left, 1);
    }
    return 0;
}

/* Whether to begin at all. */
static bool may_begin(lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    if (wake && lima_win_wake_raised(wake))
        return lima_err_set(err, LIMA_CODE_CANCELLED, "cancelled before it began");
    if (deadline <= lima_clock_now())
        return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "timed out before it began");
    if (lima_win_jobs_left() >= LIMA_WIN_JOBS_LEFT_MAX)
        return lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED,
                            "%u earlier calls have not ended yet: the service hangs; restart Windows",
                            lima_win_jobs_left());
    return true;
}

/* True: it is done. False: the thread has it now. */
static bool await(thread_job *job, HANDLE thread, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    HANDLE handles[2] = {NULL, thread};
    lima_err why = {0};

    if (lima_win_wait(handles, 2, deadline, wake, NULL, &why))
        return true;
    atomic_fetch_add(&left, 1);
    if (atomic_exchange(&job->state, LEFT) == DONE) {
        atomic_fetch_sub(&left, 1);
        WaitForSingleObject(thread, INFINITE); /* it is on its way out */
        return true;
    }
    return lima_err_set(err, why.code, "%s; the call goes on", why.text);
}

bool lima_win_job(const lima_win_work *work, void *arg, lima_deadline deadline, lima_wake *wake,
                  lima_err *err)
{
    if (!may_begin(deadline, wake, err)) {
        work->dispose(arg);
        return false;
    }
    thread_job *job = lima_mem_zalloc(1, sizeof *job);
    job->work = work;
    job->arg = arg;
    HANDLE thread = CreateThread(NULL, 0, run, job, 0, NULL);
    if (!thread) {
        lima_win_fail(err, GetLastError(), "start a thread");
        work->dispose(arg);
        free(job);
        return false;
    }
    bool done = await(job, thread, deadline, wake, err);
    if (done)
        free(job);
    CloseHandle(thread);
    return done;
}
