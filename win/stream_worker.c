/* A stream over a handle that others made: standard input and output, which may be a file, a console or a
 * pipe, and whose calls block. One thread makes them, one at a time and only when asked; whoever asked
 * waits with a deadline and a wake.
 *
 * When the wait ends first, the call goes on. Bytes that it reads then are what the next read gets; bytes
 * that it writes then are written, and the next write waits for it. So nothing is ever read that nobody
 * asked for, and nothing is lost. The thread has a buffer of its own, because a call that blocks cannot
 * always be taken back: at the end it is cancelled, and if Windows cannot do that, thread and buffer stay
 * until it returns by itself. */
#include "stream.h"

#include <windows.h>
#include <winternl.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wait.h"
#include "win_err.h"

enum { BUFFER = 64 * 1024, STACK = 64 * 1024, END_MS = 2000, CANCEL_MS = 10 };

struct lima_win_worker {
    HANDLE file, thread;
    HANDLE go;   /* auto-reset: a job, or the end */
    HANDLE done; /* manual-reset: no job is under way */
    atomic_uint owners;
    atomic_bool quit;
    bool write;
    /* below: the thread's while a job is under way, else the caller's */
    DWORD error;   /* of the last job */
    DWORD len, at; /* bytes in the buffer, and how many of them have been handed on */
    char buffer[BUFFER];
};

static void disown(lima_win_worker *worker)
{
    if (atomic_fetch_sub(&worker->owners, 1) > 1)
        return;
    CloseHandle(worker->file);
    CloseHandle(worker->go);
    CloseHandle(worker->done);
    free(worker);
}

/* Whoever made a pipe may have opened it overlapped: then each call needs an event. */
static bool is_overlapped(HANDLE file)
{
    FILE_MODE_INFORMATION mode = {.Mode = FILE_SYNCHRONOUS_IO_NONALERT};
    IO_STATUS_BLOCK status;

    NtQueryInformationFile(file, &status, &mode, sizeof mode, FileModeInformation);
    return !(mode.Mode & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT));
}

static DWORD transfer(lima_win_worker *worker, OVERLAPPED *over, DWORD *ret_len)
{
    char *from = worker->buffer + worker->at;
    DWORD len = worker->write ? worker->len - worker->at : BUFFER;
    BOOL ok = worker->write ? WriteFile(worker->file, from, len, ret_len, over)
                            : ReadFile(worker->file, worker->buffer, len, ret_len, over);

    if (!ok && over && GetLastError() == ERROR_IO_PENDING)
        ok = GetOverlappedResult(worker->file, over, ret_len, TRUE);
    return ok ? 0 : GetLastError();
}

static void do_job(lima_win_worker *worker, OVERLAPPED *over)
{
    DWORD len = 0;

    if (!worker->write) {
        worker->at = worker->len = 0;
        worker->error = transfer(worker, over, &len);
        worker->len = worker->error ? 0 : len;
        return;
    }
    do {
        worker->error = transfer(worker, over, &len);
        worker->at += worker->error ? 0 : len;
    } while (!worker->error && worker->at < worker->len && !atomic_load(&worker->quit));
}

static DWORD WINAPI run(void *arg)
{
    lima_win_worker *worker = arg;
    OVERLAPPED over = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    bool overlapped = over.hEvent && is_overlapped(worker->file);

    while (WaitForSingleObject(worker->go, INFINITE) == WAIT_OBJECT_0 && !atomic_load(&worker->quit)) {
        do_job(worker, overlapped ? &over : NULL);
        SetEvent(worker->done);
    }
    if (over.hEvent)
        CloseHandle(over.hEvent);
    disown(worker);
    return 0;
}

bool lima_win_worker_start(HANDLE file, bool write, lima_win_worker **ret, lima_err *err)
{
    lima_win_worker *worker = lima_mem_zalloc(1, sizeof *worker);

    worker->file = file;
    worker->write = write;
    worker->go = CreateEventW(NULL, FALSE, FALSE, NULL);
    worker->done = CreateEventW(NULL, TRUE, TRUE, NULL);
    atomic_init(&worker->owners, 2);
    if (worker->go && worker->done)
        worker->thread = CreateThread(NULL, STACK, run, worker, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (worker->thread) {
        *ret = worker;
        return true;
    }
    lima_win_fail(err, GetLastError(), "start a thread for a stream");
    if (worker->go)
        CloseHandle(worker->go);
    if (worker->done)
        CloseHandle(worker->done);
    CloseHandle(file);
    free(worker);
    return false;
}

static bool await_done(lima_win_worker *worker, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    HANDLE handles[2] = {NULL, worker->done};

    return lima_win_wait(handles, 2, deadline, wake, NULL, err);
}

static void give_job(lima_win_worker *worker)
{
    ResetEvent(worker->done);
    SetEvent(worker->go);
}

static bool is_end(DWORD error)
{
    return error == ERROR_BROKEN_PIPE || error == ERROR_HANDLE_EOF || error == ERROR_PIPE_NOT_CONNECTED;
}

/* A pipe gives no byte when somebody writes none into it: that is the end only for a file, a console, or a pipe
 * whose other end has gone. Windows has an error for the last one; Wine gives a host's pipe no byte, again and
 * again, but tells it here. */
static bool asks_again(const lima_win_worker *worker)
{
    return !worker->error && worker->len == 0 && GetFileType(worker->file) == FILE_TYPE_PIPE
           && PeekNamedPipe(worker->file, NULL, 0, NULL, NULL, NULL);
}

/* Sees to it that the buffer has bytes, or an error, or nothing, which is the end. Whether a job is under
 * way is asked once: one that ends meanwhile has bytes that the next must not overwrite. */
static bool fill(lima_win_worker *worker, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    bool idle = WaitForSingleObject(worker->done, 0) == WAIT_OBJECT_0;

    if (idle && worker->at < worker->len)
        return await_done(worker, 0, wake, err); /* fails only by the wake */
    do {
        if (idle)
            give_job(worker);
        if (!await_done(worker, deadline, wake, err))
            return false;
        idle = true;
    } while (asks_again(worker));
    return true;
}

bool lima_win_worker_read(lima_win_worker *worker, void *into, size_t len, lima_deadline deadline,
                          lima_wake *wake, size_t *ret_len, lima_err *err)
{
    if (!fill(worker, deadline, wake, err))
        return lima_err_wrap(err, "read from stream");
    if (worker->error && !is_end(worker->error))
        return lima_win_fail(err, worker->error, "read from stream");
    size_t got = worker->len - worker->at < len ? worker->len - worker->at : len;
    memcpy(into, worker->buffer + worker->at, got);
    worker->at += (DWORD)got;
    *ret_len = got;
    return true;
}

bool lima_win_worker_write(lima_win_worker *worker, const void *bytes, size_t len, lima_deadline deadline,
                           lima_wake *wake, size_t *ret_len, lima_err *err)
{
    if (!await_done(worker, deadline, wake, err))
        return lima_err_wrap(err, "write to stream");
    worker->at = 0;
    worker->len = len < BUFFER ? (DWORD)len : BUFFER;
    memcpy(worker->buffer, bytes, worker->len);
    give_job(worker);
    if (!await_done(worker, deadline, wake, err))
        return lima_err_wrap(err, "write to stream");
    if (worker->error)
        return lima_win_fail(err, worker->error, "write to stream");
    *ret_len = worker->len;
    return true;
}

void lima_win_worker_free(lima_win_worker *worker)
{
    if (!worker)
        return;
    atomic_store(&worker->quit, true);
    SetEvent(worker->go);
    for (int waited = 0; waited < END_MS; waited += CANCEL_MS) {
        CancelSynchronousIo(worker->thread); /* between two calls it finds nothing: hence again and again */
        CancelIoEx(worker->file, NULL);
        if (WaitForSingleObject(worker->thread, CANCEL_MS) != WAIT_TIMEOUT)
            break;
    }
    CloseHandle(worker->thread);
    disown(worker);
}
