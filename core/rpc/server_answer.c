/* What goes out on a call. Headers go with the first message or the status, so that a unary reply is one
 * write. A message of a stream is under way until its tag is back; the next one waits for that, and a client
 * that takes nothing for long is cut off. */
#include "rpc/server_call.h"

#include <grpc/byte_buffer.h>

#include "base/log.h"

enum { SEND_MS = 60000 }; /* a client that does not read for so long has gone */

static grpc_byte_buffer *wrap(const lima_buf *bytes)
{
    grpc_slice slice = grpc_slice_from_copied_buffer(lima_buf_str(bytes), bytes->len);
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

static void log_end(const server_call *call, lima_code code, const char *text)
{
    lima_log_level level =
        code == LIMA_CODE_OK || code == LIMA_CODE_CANCELLED || !call->method ? LIMA_LOG_DEBUG : LIMA_LOG_WARN;
    if (level > lima_log_get_level())
        return;
    lima_log(level, "%.*s: %s after %llu ms%s%s", (int)GRPC_SLICE_LENGTH(call->details.method),
             (const char *)GRPC_SLICE_START_PTR(call->details.method), lima_code_name(code),
             (unsigned long long)(lima_clock_now() - call->began), text ? ": " : "", text ? text : "");
}

/* Adds what must go out before anything else can. */
static size_t add_headers(server_call *call, grpc_op *ops, size_t count)
{
    if (!call->headers_sent)
        ops[count++] = (grpc_op){.op = GRPC_OP_SEND_INITIAL_METADATA};
    call->headers_sent = true;
    return count;
}

static size_t add_message(grpc_byte_buffer *message, grpc_op *ops, size_t count)
{
    ops[count] = (grpc_op){.op = GRPC_OP_SEND_MESSAGE};
    ops[count].data.send_message.send_message = message;
    return count + 1;
}

static void set_outcome(server_call *call, lima_code code)
{
    bool stop_ok = code == LIMA_CODE_OK && call->method == &lima_method_table()[LIMA_METHOD_STOP];
    call->delete_ok = code == LIMA_CODE_OK && call->method == &lima_method_table()[LIMA_METHOD_DELETE];
    /* 2.0 and 2.1 may go on with another instance after Delete: their server is the process's. */
    bool last_delete = call->delete_ok && call->server->config.contract == LIMA_CONTRACT_INST_DIR;
    call->last_ok = last_delete || (stop_ok && lima_server_call_of_limactl(call));
}

void lima_server_call_finish(server_call *call, const lima_buf *reply, lima_code code, const char *text)
{
    grpc_op ops[4];
    grpc_byte_buffer *message = reply ? wrap(reply) : NULL;
    grpc_slice details = grpc_slice_from_copied_string(text ? text : "");
    size_t count = add_headers(call, ops, 0);
    if (message)
        count = add_message(message, ops, count);
    ops[count] = (grpc_op){.op = GRPC_OP_SEND_STATUS_FROM_SERVER};
    ops[count].data.send_status_from_server.status = (grpc_status_code)code;
    ops[count++].data.send_status_from_server.status_details = &details;
    if (call->at_once)
        ops[count++] = lima_server_call_close_op(call);
    log_end(call, code, text);
    set_outcome(call, code);
    if (call->delete_ok && call->server->config.let_go)
        call->server->config.let_go(call->server->config.let_go_arg);
    lima_monitor_enter(call->server->monitor);
    call->finished = lima_clock_now();
    lima_monitor_leave(call->server->monitor);
    lima_server_call_post(call, BATCH_STATUS, ops, count);
    grpc_byte_buffer_destroy(message);
    grpc_slice_unref(details);
    lima_server_call_unref(call);
}

/* The monitor is entered. */
static void await_sent(server_call *call)
{
    lima_deadline until = lima_clock_in(SEND_MS);
    while (call->sending && lima_monitor_wait(call->server->monitor, until))
        ;
    if (call->sending)
        grpc_call_cancel(call->call, NULL);
    while (call->sending)
        lima_monitor_wait(call->server->monitor, LIMA_DEADLINE_NEVER); /* a cancelled batch comes back */
}

static bool begin_sending(server_call *call)
{
    lima_monitor_enter(call->server->monitor);
    bool can = !call->gone;
    call->sending = can;
    lima_monitor_leave(call->server->monitor);
    return can;
}

void lima_server_call_pass(server_call *call, const lima_buf *message)
{
    grpc_op ops[2];
    if (!begin_sending(call))
        return;
    grpc_byte_buffer *bytes = wrap(message);
    lima_server_call_post(call, BATCH_SEND, ops, add_message(bytes, ops, add_headers(call, ops, 0)));
    grpc_byte_buffer_destroy(bytes);
}

void lima_server_call_send(server_call *call, const lima_buf *message)
{
    lima_server_call_pass(call, message);
    lima_monitor_enter(call->server->monitor);
    await_sent(call);
    lima_monitor_leave(call->server->monitor);
}
