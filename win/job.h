/* Calls of Windows that know neither deadlines nor wakes, made on a thread of their own. */
#pragma once

#include "base/err.h"
#include "os/clock.h"
#include "os/thread.h"

typedef struct lima_win_work {
    void (*run)(void *arg);
    void (*dispose)(void *arg); /* frees `arg` and what `run` has made */
} lima_win_work;

enum { LIMA_WIN_JOBS_LEFT_MAX = 16 };

/* Calls work->run(arg) on another thread and waits for it. True: it has run, and `arg` is the caller's again. False:
 * DEADLINE_EXCEEDED or CANCELLED, perhaps before it ran, or RESOURCE_EXHAUSTED: no thread, or too many left behind; then
 * `arg` is gone for the caller: it is disposed of when `run` has returned, on that thread, or at once if it never
 * ran. */
bool lima_win_job(const lima_win_work *work, void *arg, lima_deadline deadline, lima_wake *wake,
                  lima_err *err);
/* Jobs that their callers have stopped waiting for and that still run. */
unsigned lima_win_jobs_left(void);
