/* One call's batches:
 *
 *   NEW ─▶ CLOSE ………………………………………………………▶ (client has gone, or all is said)
 *       └▶ MESSAGE ─▶ handler ─▶ [SEND …] ─▶ STATUS
 *
 * CLOSE is alone in its batch, or it would hide the failure of its company; only calls that are answered at
 * once, whose client need not be watched, save the batch and have it with STATUS. Streams send their headers
 * at once, all others with the reply (server_answer.c). A call is freed when the last batch is back and its
 * handler is done.
 *
 * Calls of the other services have no handler thread: each message is answered where it arrives. */
#include "rpc/server_call.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/support/alloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

static unsigned enlist(server_call *call)
{
    lima_server *server = call->server;
    lima_monitor_enter(server->monitor);
    call->began = server->called = lima_clock_now();
    call->next = server->live;
    if (call->next)
        call->next->previous = call;
    server->live = call;
    unsigned count = ++server->live_count;
    lima_monitor_leave(server->monitor);
    return count;
}

static void delist(server_call *call)
{
    lima_server *server = call->server;
    lima_monitor_enter(server->monitor);
    if (call->next)
        call->next->previous = call->previous;
    if (call->previous)
        call->previous->next = call->next;
    else
        server->live = call->next;
    server->live_count--;
    server->called = lima_clock_now();
    if (server->stopping)
        lima_monitor_notify(server->monitor);
    lima_monitor_leave(server->monitor);
}

/* The server may go as soon as its last call has left the list. */
void lima_server_call_unref(server_call *call)
{
    if (atomic_fetch_sub(&call->refs, 1) > 1)
        return;
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_details_destroy(&call->details);
    grpc_byte_buffer_destroy(call->request);
    if (call->call)
        grpc_call_unref(call->call);
    if (call->began)
        delist(call);
    free(call);
}

static void ref(server_call *call)
{
    atomic_fetch_add(&call->refs, 1);
}

/* Posts a batch, which holds a reference until its tag is back. */
void lima_server_call_post(server_call *call, server_batch what, const grpc_op *ops, size_t count)
{
    ref(call);
    if (grpc_call_start_batch(call->call, ops, count, &call->tags[what], NULL) != GRPC_CALL_OK) {
        lima_log_error("gRPC refused batch %d of a call", what);
        atomic_fetch_sub(&call->refs, 1); /* never the last one: whoever posts holds another */
    }
}

/* ---- arrival ---- */

void lima_server_call_await(lima_server *server)
{
    server_call *call = lima_mem_zalloc(1, sizeof *call);
    call->server = server;
    atomic_init(&call->refs, 1);
    for (unsigned i = 0; i < BATCHES; i++)
        call->tags[i] = (server_tag){(server_batch)i, call};
    grpc_metadata_array_init(&call->metadata);
    grpc_call_details_init(&call->details);
    if (grpc_server_request_call(server->grpc, &call->call, &call->details, &call->metadata, server->queue,
                                 server->queue, &call->tags[BATCH_NEW])
        != GRPC_CALL_OK)
        lima_server_call_unref(call);
}

static const lima_service_method *find_service_method(const lima_server *server, const char *path, size_t len)
{
    for (const lima_service *const *service = server->config.services; service && *service; service++)
        for (const lima_service_method *method = (*service)->methods; method->path; method++)
            if (strlen(method->path) == len && memcmp(method->path, path, len) == 0)
                return method;
    return NULL;
}

grpc_op lima_server_call_close_op(server_call *call)
{
    grpc_op op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
    op.data.recv_close_on_server.cancelled = &call->closed_early;
    return op;
}

static void post_message(server_call *call, bool with_headers)
{
    grpc_op ops[2] = {{.op = GRPC_OP_RECV_MESSAGE}, {.op = GRPC_OP_SEND_INITIAL_METADATA}};
    ops[0].data.recv_message.recv_message = &call->request;
    call->headers_sent |= with_headers;
    lima_server_call_post(call, BATCH_MESSAGE, ops, with_headers ? 2 : 1);
}

static void refuse(server_call *call, lima_code code, const char *text)
{
    ref(call);
    lima_server_call_finish(call, NULL, code, text);
}

static bool same_connection(const server_call *a, const server_call *b)
{
    char *peer_a = grpc_call_get_peer(a->call), *peer_b = grpc_call_get_peer(b->call);
    bool same = strcmp(peer_a, peer_b) == 0;
    gpr_free(peer_a);
    gpr_free(peer_b);
    return same;
}

/* gRPC holds a client to its limit of streams only once the client has acknowledged it, which a hostile one
 * never does. A peer's name is that of its connection. */
static bool takes_too_much(server_call *call, unsigned count)
{
    unsigned share = 0;
    if (count <= LIMA_SERVER_STREAMS_MAX)
        return false;
    if (count > LIMA_SERVER_CALLS_MAX)
        return true;
    lima_monitor_enter(call->server->monitor);
    for (const server_call *other = call->server->live; other; other = other->next)
        share += same_connection(call, other);
    lima_monitor_leave(call->server->monitor);
    return share > LIMA_SERVER_STREAMS_MAX;
}

static void arrived(server_call *call)
{
    size_t len = GRPC_SLICE_LENGTH(call->details.method);
    const char *path = (const char *)GRPC_SLICE_START_PTR(call->details.method);
    call->method = lima_method_by_path(path, len);
    if (!call->method)
        call->service_method = find_service_method(call->server, path, len);
    unsigned count = enlist(call);
    bool refused = takes_too_much(call, count);
    call->at_once = !refused && call->method && lima_server_is_inline(call->method);
    if (!call->at_once)
        lima_server_call_post(call, BATCH_CLOSE, (grpc_op[]){lima_server_call_close_op(call)}, 1);
    if (refused) /* not by a status: a peer that does not read would keep the call until it did */
        grpc_call_cancel_with_status(call->call, GRPC_STATUS_RESOURCE_EXHAUSTED,
                                     "too many calls at once; try again later", NULL);
    else if (!call->method && !call->service_method)
        refuse(call, LIMA_CODE_UNIMPLEMENTED, "this driver has no such method");
    else
        post_message(call, call->method && call->method->stream);
}

/* ---- for handlers ---- */

grpc_slice lima_server_call_take_request(server_call *call)
{
    grpc_byte_buffer_reader reader;
    grpc_slice bytes = grpc_empty_slice();
    if (grpc_byte_buffer_reader_init(&reader, call->request)) {
        bytes = grpc_byte_buffer_reader_readall(&reader);
        grpc_byte_buffer_reader_destroy(&reader);
    }
    grpc_byte_buffer_destroy(call->request);
    call->request = NULL;
    return bytes;
}

void lima_server_call_tie(server_call *call, lima_call *control_call)
{
    lima_monitor_enter(call->server->monitor);
    call->control_call = control_call;
    if (control_call && call->gone)
        lima_call_cancel(control_call);
    lima_monitor_leave(call->server->monitor);
}

static const char *user_agent(const server_call *call, size_t *ret_len)
{
    *ret_len = 0;
    for (size_t i = 0; i < call->metadata.count; i++) {
        const grpc_metadata *item = &call->metadata.metadata[i];
        if (grpc_slice_str_cmp(item->key, "user-agent") == 0) {
            *ret_len = GRPC_SLICE_LENGTH(item->value);
            return (const char *)GRPC_SLICE_START_PTR(item->value);
        }
    }
    return "";
}

lima_generation lima_server_call_generation(const server_call *call)
{
    size_t len;
    const char *agent = user_agent(call, &len);
    return lima_generation_of(call->server->config.contract, agent, len);
}

bool lima_server_call_of_limactl(const server_call *call)
{
    size_t len;
    const char *agent = user_agent(call, &len);
    return lima_generation_is_limactl(agent, len);
}

/* ---- the other services ---- */

static void answer_service(server_call *call)
{
    lima_buf reply = LIMA_BUF(LIMA_MESSAGE_MAX);
    lima_err err = {0};
    grpc_slice request = lima_server_call_take_request(call);
    bool ok =
        call->service_method->answer(GRPC_SLICE_START_PTR(request), GRPC_SLICE_LENGTH(request), &reply, &err);
    grpc_slice_unref(request);
    ref(call);
    if (!ok) {
        lima_server_call_finish(call, NULL, err.code, err.text);
    } else if (call->service_method->shape == LIMA_SERVICE_UNARY) {
        lima_server_call_finish(call, &reply, LIMA_CODE_OK, NULL);
    } else {
        lima_server_call_pass(call, &reply);
        lima_server_call_unref(call);
    }
    lima_buf_free(&reply);
}

/* A reply of a service's stream is out: the next request, or nothing more until the client leaves. */
static void service_sent(server_call *call, bool success)
{
    if (success && call->service_method->shape == LIMA_SERVICE_BIDI)
        post_message(call, false);
}

/* ---- tags ---- */

static void received(server_call *call, bool success)
{
    lima_monitor_enter(call->server->monitor);
    call->received = true;
    lima_monitor_leave(call->server->monitor);
    if (success && call->request && call->service_method) {
        answer_service(call);
    } else if (success && call->request) {
        ref(call);
        lima_server_dispatch(call);
    } else if (call->service_method && call->headers_sent) {
        refuse(call, LIMA_CODE_OK, NULL); /* the client of a stream has ended its side */
    } else {
        refuse(call, LIMA_CODE_INVALID_ARGUMENT, "the call ended before its request message");
    }
}

/* The client has gone, or the status is out. A call that was cancelled needs none: a held one just ends
 * here. */
static void closed(server_call *call)
{
    lima_monitor_enter(call->server->monitor);
    call->gone = true;
    if (call->control_call)
        lima_call_cancel(call->control_call);
    lima_monitor_leave(call->server->monitor);
}

static void sent(server_call *call, bool success)
{
    lima_monitor_enter(call->server->monitor);
    call->sending = false;
    lima_monitor_notify(call->server->monitor);
    lima_monitor_leave(call->server->monitor);
    if (call->service_method)
        service_sent(call, success);
}

/* Only now: limactl waits for the answer, and for the process to end after it. */
static void answered(server_call *call)
{
    lima_server *server = call->server;
    if (call->delete_ok) {
        lima_monitor_enter(server->monitor);
        server->deleted = true;
        lima_monitor_leave(server->monitor);
    }
    if (call->last_ok && server->config.last)
        lima_wake_raise(server->config.last);
}

void lima_server_call_event(server_tag *tag, bool success)
{
    server_call *call = tag->call;
    /* What was written before a batch was posted is seen here; gRPC sees to it as well, but no race detector
     * sees gRPC. */
    (void)atomic_load(&call->refs);
    switch (tag->what) {
    case BATCH_NEW:
        if (success) {
            lima_server_call_await(call->server);
            arrived(call);
        }
        break;
    case BATCH_CLOSE:
        closed(call);
        break;
    case BATCH_MESSAGE:
        received(call, success);
        break;
    case BATCH_SEND:
        sent(call, success);
        break;
    case BATCH_STATUS:
        answered(call);
        break;
    case BATCHES:
        break;
    }
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it does not follow the count */
    lima_server_call_unref(call);
}
