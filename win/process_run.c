/* A child run to its end, its output collected: one thread, one overlapped operation on each pipe, one
 * wait for those, the child's end and the wake.
 *
 * It has ended when the child itself has: a grandchild that keeps a pipe open does not hold us up, what is
 * in the pipes by then is still read. An operation that is under way when all is over is cancelled and
 * ended before its memory goes. */
#include "child.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "overlapped.h"
#include "stream.h"
#include "wait.h"
#include "win_err.h"

enum {
    CHUNK = 64 * 1024,
    CHUNKS_MAX = 16,       /* in one go: an endless talker does not outlast the deadline */
    KILLED_WAIT_MS = 5000, /* for Windows to clear away what was killed */
};

/* One pipe: its operation, and what it is about. */
typedef struct channel {
    lima_win_io io; /* io.file is NULL when there is nothing to do any more */
    bool busy;
    char *bytes; /* CHUNK of them, if it is read */
    lima_buf *into;
    const char *from; /* if it is written */
    size_t left;
} channel;

typedef struct pump {
    lima_process *process;
    channel channels[3];
} pump;

static void close_channel(pump *run, unsigned number)
{
    lima_stream_close(run->process->streams[number]);
    run->process->streams[number] = NULL;
    run->channels[number].io.file = NULL;
}

static bool begin(channel *at)
{
    DWORD some = at->left < CHUNK ? (DWORD)at->left : CHUNK;

    at->busy = !(at->bytes ? lima_win_io_read(&at->io, at->bytes, CHUNK)
                           : lima_win_io_write(&at->io, at->from, some));
    return at->busy;
}

/* Takes what the operation gave. False: the pipe has ended, or the operation was given up. */
static bool end(channel *at, bool cancel)
{
    DWORD len = 0, error = lima_win_io_end(&at->io, cancel, &len);

    at->busy = false;
    if (error)
        return false;
    if (at->bytes) {
        lima_buf_add_some(at->into, at->bytes, len);
    } else {
        at->from += len;
        at->left -= len;
    }
    return true;
}

static bool is_done(const channel *at)
{
    return WaitForSingleObject(at->io.over.hEvent, 0) == WAIT_OBJECT_0;
}

/* As far as it goes without waiting. With `last`, what is not there now does not come any more. */
static void advance(pump *run, unsigned number, bool last)
{
    channel *at = &run->channels[number];
    bool open = at->io.file != NULL;

    for (int i = 0; open && i < CHUNKS_MAX; i++) {
        if (!at->bytes && !at->left)
            open = false;
        else if (!at->busy)
            open = begin(at);
        else if (is_done(at) || last)
            open = end(at, last);
        else
            return;
    }
    if (!open && at->io.file)
        close_channel(run, number);
}

static void advance_all(pump *run, bool last)
{
    for (unsigned i = 0; i < 3; i++)
        advance(run, i, last);
}

static bool wait_some(const pump *run, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    HANDLE handles[5] = {[4] = run->process->handle};

    for (unsigned i = 0; i < 3; i++)
        handles[1 + i] = run->channels[i].io.file ? run->channels[i].io.over.hEvent : NULL;
    return lima_win_wait(handles, 5, deadline, wake, NULL, err);
}

/* The look at its end comes before the reading: what it wrote before is in the pipes then. */
static bool pump_all(pump *run, lima_deadline deadline, lima_wake *wake, lima_process_exit *ret,
                     lima_err *err)
{
    for (;;) {
        lima_process_exit how;
        bool ended = lima_win_peek_exit(run->process->handle, &how);
        advance_all(run, ended);
        if (ended) {
            *ret = how;
            return true;
        }
        if (!wait_some(run, deadline, wake, err))
            return false;
    }
}

static bool open_channel(pump *run, unsigned number, lima_err *err)
{
    channel *at = &run->channels[number];

    at->io.file = lima_win_stream_pipe(run->process->streams[number]);
    if (!at->io.file)
        return true;
    if (number > 0)
        at->bytes = lima_mem_zalloc(1, CHUNK);
    at->io.over.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    return at->io.over.hEvent || lima_win_fail(err, GetLastError(), "make an event");
}

static void free_channels(pump *run)
{
    for (unsigned i = 0; i < 3; i++) {
        channel *at = &run->channels[i];
        if (at->busy)
            end(at, true);
        if (at->io.over.hEvent)
            CloseHandle(at->io.over.hEvent);
        free(at->bytes);
    }
}

bool lima_process_run(const char *const *argv, const char *input, lima_buf *out, lima_buf *err_out,
                      lima_deadline deadline, lima_wake *wake, lima_process_exit *ret, lima_err *err)
{
    lima_process_desc desc = {
        .argv = argv,
        .in = input ? LIMA_PROCESS_PIPE : LIMA_PROCESS_NULL,
        .out = out ? LIMA_PROCESS_PIPE : LIMA_PROCESS_NULL,
        .err = err_out ? LIMA_PROCESS_PIPE : LIMA_PROCESS_NULL,
    };
    pump run = {
        .channels = {{.from = input, .left = input ? strlen(input) : 0}, {.into = out}, {.into = err_out}}};
    lima_process_exit how;

    if (!lima_process_start(&desc, &run.process, err))
        return false;
    bool ok = (open_channel(&run, 0, err) && open_channel(&run, 1, err) && open_channel(&run, 2, err)
               && pump_all(&run, deadline, wake, ret, err))
              || lima_err_wrap(err, "run '%s'", argv[0]);
    if (!ok) {
        lima_process_end(run.process, true);
        lima_process_wait(run.process, lima_clock_in(KILLED_WAIT_MS), NULL, &how, NULL);
        advance_all(&run, true);
    }
    free_channels(&run);
    lima_process_free(run.process);
    return ok;
}
