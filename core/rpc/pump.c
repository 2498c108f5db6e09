/* One thread per direction, each with a buffer of its own: a direction that is stuck never holds the other
 * one up. */
#include "rpc/pump.h"

#include <stdlib.h>

#include "base/mem.h"

enum { PUMP_BYTES = 32 * 1024 };

typedef struct way {
    lima_pump *pump;
    lima_stream *from, *to;
    lima_thread *thread;
    bool ended; /* guarded by the monitor */
} way;

struct lima_pump {
    lima_stream *socket; /* our end of the pair */
    lima_wake *stop;
    lima_monitor *monitor;
    way in, out;
};

static void carry(void *arg)
{
    way *w = arg;
    char bytes[PUMP_BYTES];
    size_t len = 0;
    do {
        if (!lima_stream_read(w->from, bytes, sizeof bytes, LIMA_DEADLINE_NEVER, w->pump->stop, &len, NULL))
            break;
    } while (len > 0 && lima_stream_write(w->to, bytes, len, LIMA_DEADLINE_NEVER, w->pump->stop, NULL));
    lima_stream_end_write(w->to);
    lima_monitor_enter(w->pump->monitor);
    w->ended = true;
    lima_monitor_notify(w->pump->monitor);
    lima_monitor_leave(w->pump->monitor);
}

bool lima_pump_start(lima_stream *from, lima_stream *to, lima_stream **ret_socket, lima_pump **ret,
                     lima_err *err)
{
    lima_stream *theirs, *ours;
    if (!lima_stream_pair(&theirs, &ours, err))
        return false;
    lima_pump *pump = lima_mem_zalloc(1, sizeof *pump);
    *pump = (lima_pump){.socket = ours, .stop = lima_wake_new(), .monitor = lima_monitor_new()};
    pump->in = (way){.pump = pump, .from = from, .to = ours};
    pump->out = (way){.pump = pump, .from = ours, .to = to};
    if (lima_thread_start("pump-in", carry, &pump->in, &pump->in.thread, err)
        && lima_thread_start("pump-out", carry, &pump->out, &pump->out.thread, err)) {
        *ret_socket = theirs;
        *ret = pump;
        return true;
    }
    lima_stream_close(theirs);
    lima_pump_end(pump, 0);
    return false;
}

bool lima_pump_wait(lima_pump *pump, lima_deadline deadline)
{
    lima_monitor_enter(pump->monitor);
    while (!(pump->in.ended && pump->out.ended) && lima_monitor_wait(pump->monitor, deadline))
        ;
    bool ended = pump->in.ended && pump->out.ended;
    lima_monitor_leave(pump->monitor);
    return ended;
}

void lima_pump_end(lima_pump *pump, lima_deadline deadline)
{
    if (!pump)
        return;
    lima_pump_wait(pump, deadline);
    lima_wake_raise(pump->stop);
    lima_thread_join(pump->in.thread);
    lima_thread_join(pump->out.thread);
    lima_stream_close(pump->socket);
    lima_monitor_free(pump->monitor);
    lima_wake_free(pump->stop);
    free(pump);
}
