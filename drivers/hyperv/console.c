/* How it works: the pipe is served before the VM starts, so that nothing of its boot is lost (facts:
 * hyperv-hcs 3.8); a thread reads it as long as this process watches the VM. Reading never stops, not even when the disk is full
 * or the log too long: a full pipe would stall the guest.
 *
 * A VM that outlives this process is silent from then on: Windows never connects a second time. */
#include "hyperv/console.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/thread.h"
#include "win/pipe_server.h"

enum { CHUNK_BYTES = 16 * 1024, DRAIN_MS = 2000 };

struct hyperv_console {
    char *pipe;
    lima_pipe_server *server;
    lima_file *file;
    uint64_t len;
    bool full;
    lima_wake *stop;
    lima_thread *thread;
};

char *lima_hyperv_console_pipe(const char *vm_id)
{
    return lima_mem_printf("\\\\.\\pipe\\lima-%s-com1", vm_id);
}

static void keep(hyperv_console *console, const char *bytes, size_t len)
{
    lima_err err = {0};

    if (console->full)
        return;
    if (console->len + len > HYPERV_CONSOLE_BYTES_MAX)
        lima_err_set(&err, LIMA_CODE_OUT_OF_RANGE, "it is longer than %d MiB",
                     HYPERV_CONSOLE_BYTES_MAX >> 20);
    else if (lima_file_write_at(console->file, console->len, bytes, len, &err))
        console->len += len;
    if (err.code) {
        console->full = true;
        lima_log_warn(HYPERV_CONSOLE_FILE ": what follows is dropped: %s", err.text);
    }
}

static bool read_some(hyperv_console *console, lima_stream *stream, lima_deadline deadline, lima_wake *wake,
                      char *chunk)
{
    size_t len = 0;
    bool more = lima_stream_read(stream, chunk, CHUNK_BYTES, deadline, wake, &len, NULL) && len;

    if (more)
        keep(console, chunk, len);
    return more;
}

/* Told to stop, it still takes what has been written. */
static void read_all(hyperv_console *console, lima_stream *stream)
{
    char *chunk = lima_mem_zalloc(CHUNK_BYTES, 1);

    while (read_some(console, stream, LIMA_DEADLINE_NEVER, console->stop, chunk))
        ;
    lima_deadline drained = lima_clock_in(DRAIN_MS);
    while (lima_clock_now() < drained && read_some(console, stream, 0, NULL, chunk))
        ;
    free(chunk);
}

/* One client after the other: a live snapshot ends the VM and starts it again. */
static void serve(void *arg)
{
    hyperv_console *console = arg;
    lima_stream *stream = NULL;
    lima_err err = {0};

    while (console->server
           && lima_pipe_accept(console->server, LIMA_DEADLINE_NEVER, console->stop, &stream, &err)) {
        read_all(console, stream);
        lima_stream_close(stream);
        lima_pipe_close(console->server);
        console->server = NULL;
        if (!lima_wake_wait(console->stop, 0))
            lima_pipe_listen(console->pipe, &console->server, &err);
    }
    if (err.code && err.code != LIMA_CODE_CANCELLED)
        lima_log_warn(HYPERV_CONSOLE_FILE ": nothing more gets there: %s", err.text);
}

static bool begin_log(const lima_instance *inst, lima_file **ret, lima_err *err)
{
    char *path = lima_instance_path(inst, HYPERV_CONSOLE_FILE);
    bool ok = lima_file_remove(path, err) && lima_file_open(path, LIMA_FILE_CREATE, ret, err);

    free(path);
    return ok;
}

static void release(hyperv_console *console)
{
    lima_pipe_close(console->server);
    lima_file_close(console->file);
    lima_wake_free(console->stop);
    free(console->pipe);
    free(console);
}

bool lima_hyperv_console_open(const lima_instance *inst, const char *pipe, hyperv_console **ret,
                              lima_err *err)
{
    hyperv_console *console = lima_mem_zalloc(1, sizeof *console);

    console->stop = lima_wake_new();
    console->pipe = lima_mem_strdup(pipe);
    if (!begin_log(inst, &console->file, err) || !lima_pipe_listen(pipe, &console->server, err)
        || !lima_thread_start("hyperv-console", serve, console, &console->thread, err)) {
        release(console);
        return false;
    }
    *ret = console;
    return true;
}

void lima_hyperv_console_close(hyperv_console *console)
{
    if (!console)
        return;
    lima_wake_raise(console->stop);
    lima_thread_join(console->thread);
    release(console);
}
