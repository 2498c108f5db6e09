/* A connection and its unary calls.
 *
 * Connecting is core/os's work and gRPC adopts the socket: gRPC's own target syntax cannot express commas,
 * percent signs and question marks of a path, and an adopted channel never reconnects behind our back. A
 * connection that has broken stays broken: every further call is UNAVAILABLE.
 *
 * Polling is done by whoever waits for a call. While nobody does, a keeper thread looks every two seconds,
 * so that the server's keepalive pings (Lima's: after 10 s, patience 30 s) find an answer. */
#include "rpc/client.h"

#include <grpc/grpc.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "rpc/adopt.h"
#include "rpc/exchange.h"
#include "rpc/messages.h"

enum {
    KEEPER_MS = 2000,
    KEEPER_LOOK_MS = 1,
    RECEIVE_MAX =
        64 * 1024 * 1024, /* more than limactl takes, so that a reply too long for it can be seen and named */
};

struct lima_client {
    grpc_channel *channel;
    grpc_completion_queue *idle_queue; /* nothing is ever posted on it: it only polls */
    lima_thread *keeper;
    lima_wake *stop;
    lima_monitor *monitor; /* guards what follows */
    lima_exchange *calls;
    unsigned refs; /* the owner and each call */
    bool closed;
};

static void keep(void *arg)
{
    lima_client *client = arg;
    while (!lima_wake_wait(client->stop, lima_clock_in(KEEPER_MS))) {
        gpr_timespec until =
            gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(KEEPER_LOOK_MS, GPR_TIMESPAN));
        grpc_completion_queue_next(client->idle_queue, until, NULL);
    }
}

static grpc_channel *open_channel(lima_stream *stream, const char *user_agent)
{
    /* gRPC's argument type lacks the const. */
    static char receive_max[] = GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
                send_max[] = GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, agent[] = GRPC_ARG_PRIMARY_USER_AGENT_STRING;
    char *value = lima_mem_strdup(user_agent);
    grpc_arg args[] = {
        {.type = GRPC_ARG_INTEGER, .key = receive_max, .value.integer = RECEIVE_MAX},
        {.type = GRPC_ARG_INTEGER, .key = send_max, .value.integer = -1},
        {.type = GRPC_ARG_STRING, .key = agent, .value.string = value},
    };
    grpc_channel_args list = {.num_args = user_agent ? 3 : 2, .args = args};
    grpc_channel *channel = lima_adopt_channel(stream, &list);
    free(value);
    return channel;
}

static bool adopt(lima_stream *stream, const char *user_agent, lima_client **ret, lima_err *err)
{
    lima_grpc_begin();
    lima_client *client = lima_mem_zalloc(1, sizeof *client);
    client->channel = open_channel(stream, user_agent);
    client->idle_queue = grpc_completion_queue_create_for_next(NULL);
    client->stop = lima_wake_new();
    client->monitor = lima_monitor_new();
    client->refs = 1;
    if (lima_thread_start("grpc-keeper", keep, client, &client->keeper, err)) {
        *ret = client;
        return true;
    }
    lima_client_close(client);
    return false;
}

bool lima_client_adopt(lima_stream *stream, lima_client **ret, lima_err *err)
{
    return adopt(stream, NULL, ret, err);
}

bool lima_client_connect_as(const char *socket_path, const char *user_agent, lima_deadline deadline,
                            lima_client **ret, lima_err *err)
{
    lima_stream *stream;
    return lima_stream_connect(socket_path, deadline, &stream, err) && adopt(stream, user_agent, ret, err);
}

bool lima_client_connect(const char *socket_path, lima_deadline deadline, lima_client **ret, lima_err *err)
{
    return lima_client_connect_as(socket_path, NULL, deadline, ret, err);
}

static void client_free(lima_client *client)
{
    lima_wake_raise(client->stop);
    lima_thread_join(client->keeper);
    grpc_completion_queue_shutdown(client->idle_queue);
    grpc_completion_queue_next(client->idle_queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    grpc_completion_queue_destroy(client->idle_queue);
    grpc_channel_destroy(client->channel);
    lima_monitor_free(client->monitor);
    lima_wake_free(client->stop);
    free(client);
    lima_grpc_end();
}

/* Called inside the monitor, which it leaves. */
static void drop_ref(lima_client *client)
{
    bool last = --client->refs == 0;
    lima_monitor_leave(client->monitor);
    if (last)
        client_free(client);
}

void lima_client_close(lima_client *client)
{
    if (!client)
        return;
    lima_monitor_enter(client->monitor);
    client->closed = true;
    for (lima_exchange *call = client->calls; call; call = call->next)
        grpc_call_cancel(call->call, NULL);
    drop_ref(client);
}

static gpr_timespec call_deadline(lima_deadline deadline)
{
    uint64_t now = lima_clock_now();
    if (deadline == LIMA_DEADLINE_NEVER)
        return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    uint64_t left = deadline > now ? deadline - now : 0;
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis((int64_t)left, GPR_TIMESPAN));
}

bool lima_exchange_join(lima_client *client, lima_exchange *call, const char *path, lima_deadline deadline,
                        lima_err *err)
{
    lima_monitor_enter(client->monitor);
    bool open = !client->closed;
    if (open) {
        grpc_slice method = grpc_slice_from_copied_string(path);
        grpc_slice host = grpc_slice_from_static_string("localhost");
        call->call = grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS, call->queue,
                                              method, &host, call_deadline(deadline), NULL);
        grpc_slice_unref(method);
        call->client = client;
        call->next = client->calls;
        client->calls = call;
        client->refs++;
    }
    lima_monitor_leave(client->monitor);
    return open || lima_err_set(err, LIMA_CODE_UNAVAILABLE, "the connection was closed");
}

void lima_exchange_leave(lima_client *client, lima_exchange *call)
{
    lima_monitor_enter(client->monitor);
    lima_exchange **at = &client->calls;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    grpc_call_unref(call->call);
    drop_ref(client);
}

bool lima_client_call_raw(lima_client *client, const char *path, const void *request, size_t len,
                          lima_deadline deadline, lima_wake *wake, lima_buf *ret, lima_err *err)
{
    const unsigned all =
        LIMA_EXCHANGE_SEND | LIMA_EXCHANGE_HEADERS | LIMA_EXCHANGE_MESSAGE | LIMA_EXCHANGE_STATUS;
    lima_exchange call;
    if (!lima_exchange_begin(client, path, deadline, &call, err))
        return false;
    lima_exchange_post(&call, all, request, len);
    /* The call has the deadline itself and ends by it: nothing else to give up on. */
    bool ok = lima_exchange_wait(&call, all, LIMA_DEADLINE_NEVER, wake, err)
              && lima_exchange_status(&call, err) && lima_exchange_take(&call, ret, err);
    lima_exchange_end(&call);
    return ok;
}

static const lima_method *unary_method(const char *name, lima_err *err)
{
    const lima_method *method = lima_method_by_name(name);
    if (method && !method->stream)
        return method;
    if (method)
        lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s' answers with a stream, not with one message",
                     name);
    else
        lima_err_set(err, LIMA_CODE_UNIMPLEMENTED, "the driver service has no method '%s'", name);
    return NULL;
}

bool lima_client_call(lima_client *client, const char *name, const lima_json *request, lima_deadline deadline,
                      lima_wake *wake, lima_json **ret, lima_err *err)
{
    const lima_method *method = unary_method(name, err);
    if (!method)
        return false;
    lima_message ask = {0}, answer = {0};
    lima_buf sent = LIMA_BUF(RECEIVE_MAX), got = LIMA_BUF(RECEIVE_MAX);
    bool ok = lima_message_from_json(method->request, request, &ask, err);
    if (ok && !lima_message_pack(&ask, &sent))
        ok = lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "the request is longer than %zu bytes", sent.limit);
    ok = ok && lima_client_call_raw(client, method->path, sent.data, sent.len, deadline, wake, &got, err)
         && lima_message_unpack(method->reply, got.data, got.len, &answer, err)
         && lima_message_to_json(&answer, ret, err);
    lima_buf_free(&sent);
    lima_buf_free(&got);
    lima_message_free(&ask);
    lima_message_free(&answer);
    return ok || lima_err_wrap(err, "%s", name);
}

const char *const *lima_client_methods(void)
{
    static _Atomic(const char **) published; /* the first list that is finished wins; it stays */
    const char **names = atomic_load(&published);
    if (names)
        return names;
    size_t count = 0;
    names = lima_mem_zalloc(LIMA_METHODS + 1, sizeof *names);
    for (size_t i = 0; i < LIMA_METHODS; i++)
        if (!lima_method_table()[i].stream)
            names[count++] = lima_method_table()[i].name;
    const char **other = NULL;
    if (atomic_compare_exchange_strong(&published, &other, names))
        return names;
    free(names);
    return other;
}
