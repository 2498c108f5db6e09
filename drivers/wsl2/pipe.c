/* How it works: one direction in the calling thread, one in a thread of its own. A direction that fails
 * raises the wake, which ends the other: nothing of use can come from it any more. */
#include "wsl2/pipe.h"

#include <stdlib.h>

#include "base/mem.h"
#include "wsl2/argv.h"
#include "wsl2/wsl_exe.h"

enum { CHUNK_BYTES = 64 * 1024 };

wsl2_pipe lima_wsl2_pipe_of(lima_stream *socket)
{
    return (wsl2_pipe){.in = socket, .out = socket};
}

bool lima_wsl2_pipe_run(const lima_strv *argv, wsl2_pipe *ret, lima_err *err)
{
    lima_process *child = NULL;
    lima_process_desc desc = {.argv = lima_strv_items(argv),
                              .env_add = lima_wsl2_environment(),
                              .in = LIMA_PROCESS_PIPE,
                              .out = LIMA_PROCESS_PIPE};

    if (!lima_process_start(&desc, &child, err))
        return false;
    *ret = (wsl2_pipe){
        .child = child, .in = lima_process_stream(child, 1), .out = lima_process_stream(child, 0)};
    return true;
}

void lima_wsl2_pipe_close(wsl2_pipe *pipe)
{
    lima_process_exit end;

    if (pipe->child) {
        lima_process_end(pipe->child, true);
        lima_process_wait(pipe->child, lima_clock_in(WSL2_KILL_MS), NULL, &end, NULL);
        lima_process_free(pipe->child);
    } else {
        lima_stream_close(pipe->in);
    }
    *pipe = (wsl2_pipe){0};
}

typedef struct direction {
    lima_stream *from, *to;
    lima_wake *wake;
} direction;

static bool copy(const direction *d, char *chunk)
{
    size_t len = 0;

    do {
        if (!lima_stream_read(d->from, chunk, CHUNK_BYTES, LIMA_DEADLINE_NEVER, d->wake, &len, NULL)
            || (len && !lima_stream_write(d->to, chunk, len, LIMA_DEADLINE_NEVER, d->wake, NULL)))
            return false;
    } while (len);
    return true;
}

static void carry(void *arg)
{
    const direction *d = arg;
    char *chunk = lima_mem_zalloc(CHUNK_BYTES, 1);

    if (copy(d, chunk))
        lima_stream_end_write(d->to);
    else
        lima_wake_raise(d->wake);
    free(chunk);
}

void lima_wsl2_pipe_join(const wsl2_pipe *a, const wsl2_pipe *b, lima_wake *wake)
{
    direction there = {.from = a->in, .to = b->out, .wake = wake},
              back = {.from = b->in, .to = a->out, .wake = wake};
    lima_thread *thread = NULL;

    if (lima_thread_start("wsl2-pipe", carry, &there, &thread, NULL))
        carry(&back);
    lima_thread_join(thread);
}
