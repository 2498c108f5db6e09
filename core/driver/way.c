/* How it works: one direction in the calling thread, one in a thread of its own. A direction that fails
 * raises the wake, which ends the other: nothing of use can come from it any more. */
#include "driver/way.h"

#include <stdlib.h>

#include "base/mem.h"

enum { CHUNK_BYTES = 64 * 1024, KILL_MS = 5000 /* for what was killed to be gone */ };

lima_way lima_way_of(lima_stream *socket)
{
    return (lima_way){.in = socket, .out = socket};
}

lima_way lima_way_of_child(lima_process *child)
{
    return (lima_way){
        .child = child, .in = lima_process_stream(child, 1), .out = lima_process_stream(child, 0)};
}

void lima_way_close(lima_way *way)
{
    lima_process_exit end;

    if (way->child) {
        lima_process_end(way->child, true);
        lima_process_wait(way->child, lima_clock_in(KILL_MS), NULL, &end, NULL);
        lima_process_free(way->child);
    } else {
        lima_stream_close(way->in);
    }
    *way = (lima_way){0};
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

void lima_way_join(const lima_way *a, const lima_way *b, lima_wake *wake)
{
    direction there = {.from = a->in, .to = b->out, .wake = wake},
              back = {.from = b->in, .to = a->out, .wake = wake};
    lima_thread *thread = NULL;

    if (lima_thread_start("way", carry, &there, &thread, NULL))
        carry(&back);
    lima_thread_join(thread);
}
