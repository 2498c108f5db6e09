/* Streams over sockets and pipes: each step is one overlapped operation, waited for together with the wake
 * and ended before the call returns. What a cancelled operation has transferred nevertheless counts: no
 * byte is lost.
 *
 * Reading and writing have an event of their own, made when first needed, so that two threads never share
 * one, and a socket that is given away at once costs none. What only knows blocking calls (standard input)
 * has a thread instead (stream_worker.c). */
#include "stream.h"

#include <windows.h>

#include <stdlib.h>

#include "base/mem.h"
#include "overlapped.h"
#include "wait.h"
#include "win_err.h"

enum { STEP_MAX = 1 << 20 }; /* bytes of one operation: Windows keeps their pages in memory */

struct lima_stream {
    HANDLE file; /* NULL: a pipe whose writing has ended */
    bool socket;
    HANDLE events[2];        /* of reading, of writing; NULL until needed */
    lima_win_worker *worker; /* does everything, when there is one */
};

static lima_stream *new_stream(HANDLE file, bool socket)
{
    lima_stream *stream = lima_mem_zalloc(1, sizeof *stream);

    *stream = (lima_stream){.file = file, .socket = socket};
    return stream;
}

lima_stream *lima_win_stream_of_socket(SOCKET socket)
{
    return new_stream((HANDLE)socket, true);
}

lima_stream *lima_win_stream_of_pipe(HANDLE pipe)
{
    return new_stream(pipe, false);
}

lima_stream *lima_win_stream_of_worker(lima_win_worker *worker)
{
    lima_stream *stream = new_stream(NULL, false);

    stream->worker = worker;
    return stream;
}

HANDLE lima_win_stream_pipe(const lima_stream *stream)
{
    return stream ? stream->file : NULL;
}

static bool prepare(lima_stream *stream, bool write, lima_wake *wake, lima_err *err)
{
    if (wake && lima_win_wake_raised(wake))
        return lima_err_set(err, LIMA_CODE_CANCELLED, "cancelled while waiting");
    if (!stream->events[write])
        stream->events[write] = CreateEventW(NULL, TRUE, FALSE, NULL);
    return stream->events[write] || lima_win_fail(err, GetLastError(), "make an event");
}

/* True: *ret_error is what Windows says of the operation; false: it was given up before anything happened. */
static bool finish(lima_win_io *io, lima_deadline deadline, lima_wake *wake, DWORD *ret_error, DWORD *ret_len,
                   lima_err *err)
{
    HANDLE handles[2] = {NULL, io->over.hEvent};
    lima_err why = {0};
    bool ended = lima_win_wait(handles, 2, deadline, wake, NULL, &why);
    DWORD error = lima_win_io_end(io, !ended, ret_len);

    if (!ended && error == ERROR_OPERATION_ABORTED)
        return lima_err_set(err, why.code, "%s", why.text);
    *ret_error = error;
    return true;
}

static lima_win_io operation(const lima_stream *stream, bool write)
{
    return (lima_win_io){
        .over = {.hEvent = stream->events[write]}, .file = stream->file, .socket = stream->socket};
}

static bool is_end(const lima_stream *stream, DWORD error)
{
    return !stream->socket
           && (error == ERROR_BROKEN_PIPE || error == ERROR_PIPE_NOT_CONNECTED || error == ERROR_HANDLE_EOF);
}

/* One operation. A pipe gives no byte at all when somebody writes none into it: that is not the end. */
static bool read_step(lima_stream *stream, void *into, DWORD len, lima_deadline deadline, lima_wake *wake,
                      size_t *ret_len, bool *ret_end, lima_err *err)
{
    DWORD error, got = 0;

    if (!prepare(stream, false, wake, err))
        return lima_err_wrap(err, "read from stream");
    lima_win_io io = operation(stream, false);
    error = lima_win_io_read(&io, into, len);
    if (!error && !finish(&io, deadline, wake, &error, &got, err))
        return lima_err_wrap(err, "read from stream");
    *ret_end = is_end(stream, error) || (!error && stream->socket && got == 0);
    if (error && !*ret_end)
        return lima_win_fail(err, error, "read from stream");
    *ret_len = got;
    return true;
}

static DWORD step_of(size_t len)
{
    return len < STEP_MAX ? (DWORD)len : STEP_MAX;
}

bool lima_stream_read(lima_stream *stream, void *into, size_t len, lima_deadline deadline, lima_wake *wake,
                      size_t *ret_len, lima_err *err)
{
    size_t got = 0;
    bool end = false;

    if (stream->worker)
        return lima_win_worker_read(stream->worker, into, len, deadline, wake, ret_len, err);
    do
        if (!read_step(stream, into, step_of(len), deadline, wake, &got, &end, err))
            return false;
    while (got == 0 && !end && len > 0);
    *ret_len = got;
    return true;
}

static bool write_step(lima_stream *stream, const void *bytes, DWORD len, lima_deadline deadline,
                       lima_wake *wake, size_t *ret_len, lima_err *err)
{
    DWORD error, put = 0;

    if (!prepare(stream, true, wake, err))
        return lima_err_wrap(err, "write to stream");
    lima_win_io io = operation(stream, true);
    error = lima_win_io_write(&io, bytes, len);
    if (!error && !finish(&io, deadline, wake, &error, &put, err))
        return lima_err_wrap(err, "write to stream");
    if (error)
        return lima_win_fail(err, error, "write to stream");
    *ret_len = put;
    return true;
}

bool lima_stream_write(lima_stream *stream, const void *bytes, size_t len, lima_deadline deadline,
                       lima_wake *wake, lima_err *err)
{
    const char *at = bytes;

    if (!stream->file && !stream->worker)
        return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "write to stream: its writing has ended");
    while (len > 0) {
        size_t put = 0;
        bool ok = stream->worker ? lima_win_worker_write(stream->worker, at, len, deadline, wake, &put, err)
                                 : write_step(stream, at, step_of(len), deadline, wake, &put, err);
        if (!ok)
            return false;
        at += put;
        len -= put;
    }
    return true;
}

void lima_stream_end_write(lima_stream *stream)
{
    if (stream->socket) {
        shutdown((SOCKET)stream->file, SD_SEND);
        return;
    }
    if (stream->file)
        CloseHandle(stream->file);
    lima_win_worker_free(stream->worker);
    stream->file = NULL;
    stream->worker = NULL;
}

static void free_events(lima_stream *stream)
{
    for (int i = 0; i < 2; i++)
        if (stream->events[i])
            CloseHandle(stream->events[i]);
}

void lima_stream_close(lima_stream *stream)
{
    if (!stream)
        return;
    if (stream->socket)
        closesocket((SOCKET)stream->file);
    else
        lima_stream_end_write(stream);
    free_events(stream);
    free(stream);
}

intptr_t lima_stream_release(lima_stream *stream)
{
    SOCKET socket = (SOCKET)stream->file;
    u_long yes = 1;

    ioctlsocket(socket, FIONBIO, &yes);
    free_events(stream);
    free(stream);
    return (intptr_t)socket;
}
