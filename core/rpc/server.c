/* Threads of the server, its start and its end.
 *
 *   acceptor   listener ─▶ gRPC          poller   everything that gRPC reports; answers what cannot block
 *   pools      handlers that block (methods.c)
 *
 * One queue and one thread that polls it: a call that is answered where it arrives then costs no switch
 * between threads, which made Info a fifth faster and a third cheaper than with a queue and a thread for new
 * calls and two for the rest (measured). The danger of that: as long as the queue holds something, asking for
 * the next does not poll, and on Windows writes complete at once. A client that asks without an end and takes
 * every answer then keeps all others out (seen: six such clients of the reflection service, of which one was
 * served; facts: grpc-core 5.1). So from time to time the thread asks a second queue, which is always empty:
 * that polls, for the whole process on Windows, and costs next to nothing.
 *
 * Order at the end: no new calls; what runs may finish; what is left is cancelled; when the last call is gone
 * *and* gRPC says that it has shut down, the queue goes. A batch posted on a queue that has gone aborts the
 * process, so the queue outlives every call. */
#include "rpc/server.h"

#include <grpc/grpc_security.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "rpc/adopt.h"
#include "rpc/server_call.h"

enum { AWAITED_CALLS = 16, ACCEPT_PAUSE_MS = 1000, POLL_EVERY = 8, DROP_MS = 1000 };

static grpc_arg int_arg(const char *key, int value)
{
    grpc_arg arg = {.type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)key}; /* gRPC does not write there */
    arg.value.integer = value;
    return arg;
}

static grpc_server *make_server(void)
{
    grpc_arg list[] = {
        int_arg(GRPC_ARG_KEEPALIVE_TIME_MS, LIMA_SERVER_PING_MS),
        int_arg(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, LIMA_SERVER_PING_ANSWER_MS),
        int_arg(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1),
        int_arg(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, LIMA_SERVER_PING_MS),
        int_arg(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, LIMA_MESSAGE_MAX),
        int_arg(GRPC_ARG_MAX_CONCURRENT_STREAMS, LIMA_SERVER_STREAMS_MAX),
        int_arg(GRPC_ARG_MAX_METADATA_SIZE, LIMA_SERVER_HEADER_MAX),
        int_arg(GRPC_ARG_ENABLE_CHANNELZ, 0),
        int_arg(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0), /* of replies; nobody asks for it */
        int_arg(GRPC_ARG_HTTP2_BDP_PROBE,
                0), /* a local socket has no bandwidth to measure; the probes are pings */
    };
    grpc_channel_args args = {sizeof list / sizeof *list, list};
    return grpc_server_create(&args, NULL);
}

/* ---- threads ---- */

static void shut_down(lima_server *server)
{
    lima_monitor_enter(server->monitor);
    server->shut_down = true;
    lima_monitor_notify(server->monitor);
    lima_monitor_leave(server->monitor);
}

static void poll_all(void *arg)
{
    lima_server *server = arg;
    for (unsigned count = 1;; count++) {
        if (count % POLL_EVERY == 0)
            grpc_completion_queue_next(server->empty_queue, gpr_inf_past(GPR_CLOCK_REALTIME), NULL);
        grpc_event event =
            grpc_completion_queue_next(server->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN)
            return;
        if (event.tag == server)
            shut_down(server);
        else
            lima_server_call_event(event.tag, event.success);
    }
}

static void accept_all(void *arg)
{
    lima_server *server = arg;
    lima_stream *stream = NULL;
    lima_err err = {0};
    while (!lima_wake_wait(server->stop_accepting, 0)) {
        if (lima_listener_accept(server->listener, LIMA_DEADLINE_NEVER, server->stop_accepting, &stream,
                                 &err)) {
            lima_log_debug("a client has connected");
            lima_adopt_connection(server->grpc, stream);
        } else if (err.code != LIMA_CODE_CANCELLED) {
            lima_log_error("%s", err.text);
            lima_wake_wait(server->stop_accepting, lima_clock_in(ACCEPT_PAUSE_MS));
        }
    }
}

/* ---- start ---- */

bool lima_server_new(const lima_server_config *config, lima_server **ret, lima_err *err)
{
    lima_server *server = lima_mem_zalloc(1, sizeof *server);
    lima_grpc_begin();
    server->config = *config;
    server->monitor = lima_monitor_new();
    server->stop_accepting = lima_wake_new();
    server->readers = lima_pool_new("rpc-read", LIMA_SERVER_READERS, LIMA_SERVER_READERS_QUEUE);
    server->changers = lima_pool_new("rpc-change", LIMA_SERVER_CHANGERS, 0);
    server->sessions = lima_pool_new("rpc-session", LIMA_SERVER_SESSIONS, 0);
    server->grpc = make_server();
    server->queue = grpc_completion_queue_create_for_next(NULL);
    server->empty_queue = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(server->grpc, server->queue, NULL);
    grpc_server_start(server->grpc);
    for (unsigned i = 0; i < AWAITED_CALLS; i++)
        lima_server_call_await(server);
    if (!lima_thread_start("rpc-poll", poll_all, server, &server->poller, err)) {
        lima_server_stop(server, 0);
        return false;
    }
    *ret = server;
    return true;
}

bool lima_server_listen(lima_server *server, lima_listener *listener, lima_err *err)
{
    server->listener = listener;
    return lima_thread_start("rpc-accept", accept_all, server, &server->acceptor, err);
}

void lima_server_add(lima_server *server, lima_stream *stream)
{
    lima_adopt_connection(server->grpc, stream);
}

/* ---- looking ---- */

/* Its request does not come, or its answer is not taken. */
static bool is_stuck(const server_call *call, uint64_t now)
{
    return (!call->received && now - call->began >= LIMA_SERVER_REQUEST_MS)
           || (call->finished && now - call->finished >= LIMA_SERVER_REQUEST_MS);
}

void lima_server_look(lima_server *server, lima_server_state *ret)
{
    uint64_t now = lima_clock_now();
    lima_monitor_enter(server->monitor);
    for (server_call *call = server->live; call; call = call->next)
        if (is_stuck(call, now))
            grpc_call_cancel_with_status(call->call, GRPC_STATUS_DEADLINE_EXCEEDED,
                                         "the client neither sends nor reads", NULL);
    *ret = (lima_server_state){server->live_count, server->called, server->deleted};
    lima_monitor_leave(server->monitor);
}

/* ---- end ---- */

static bool await_calls(lima_server *server, uint32_t ms)
{
    lima_deadline until = lima_clock_in(ms);
    lima_monitor_enter(server->monitor);
    server->stopping = true;
    while ((server->live_count || !server->shut_down) && lima_monitor_wait(server->monitor, until))
        ;
    bool done = !server->live_count && server->shut_down;
    lima_monitor_leave(server->monitor);
    return done;
}

/* Streams of other services end only when one side leaves: it is ours. */
static void end_services(lima_server *server)
{
    lima_monitor_enter(server->monitor);
    for (server_call *call = server->live; call; call = call->next)
        if (call->service_method)
            grpc_call_cancel_with_status(call->call, GRPC_STATUS_UNAVAILABLE, "the driver process ends",
                                         NULL);
    lima_monitor_leave(server->monitor);
}

/* Calls of clients first get the time they ask for, then a cancelled callback's time to return; then the
 * connections are dropped. */
static bool drain(lima_server *server, uint32_t grace_ms)
{
    end_services(server);
    lima_controls_hurry(server->config.controls);
    if (await_calls(server, grace_ms))
        return true;
    lima_controls_end(server->config.controls, false);
    if (await_calls(server, LIMA_SERVER_CANCEL_MS))
        return true;
    grpc_server_cancel_all_calls(server->grpc);
    return await_calls(server, DROP_MS);
}

static void join_threads(lima_server *server)
{
    lima_pool_free(server->readers);
    lima_pool_free(server->changers);
    lima_pool_free(server->sessions);
    grpc_completion_queue_shutdown(server->queue);
    lima_thread_join(server->poller);
}

void lima_server_end_accepting(lima_server *server)
{
    lima_wake_raise(server->stop_accepting);
    lima_thread_join(server->acceptor);
    server->acceptor = NULL;
}

bool lima_server_stop(lima_server *server, uint32_t grace_ms)
{
    if (!server)
        return true;
    lima_server_end_accepting(server);
    grpc_server_shutdown_and_notify(server->grpc, server->queue, server);
    if (!drain(server, grace_ms))
        return false;
    grpc_server_destroy(server->grpc);
    join_threads(server);
    grpc_completion_queue_destroy(server->queue);
    grpc_completion_queue_destroy(server->empty_queue);
    lima_wake_free(server->stop_accepting);
    lima_monitor_free(server->monitor);
    free(server);
    lima_grpc_end();
    return true;
}
