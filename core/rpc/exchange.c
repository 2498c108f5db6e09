/* A call's way through gRPC: batches are posted, their tags come back on the call's own queue, and only
 * then may anything be freed.
 *
 * gRPC cannot be told to wait for one of our wakes. With a wake the wait is cut into slices, which bounds
 * how late a cancellation is seen; without one there is nothing to wake up for and the thread sleeps until
 * the answer or the call's own deadline. */
#include "rpc/exchange.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>

enum { WAKE_SLICE_MS = 20 };

bool lima_exchange_begin(lima_client *client, const char *path, lima_deadline deadline, lima_exchange *ret,
                         lima_err *err)
{
    *ret =
        (lima_exchange){.queue = grpc_completion_queue_create_for_next(NULL), .details = grpc_empty_slice()};
    if (lima_exchange_join(client, ret, path, deadline, err))
        return true;
    lima_exchange_end(ret);
    return false;
}

/* The buffer is the caller's. */
static size_t add_request(grpc_op *ops, const void *request, size_t len, grpc_byte_buffer **ret_message)
{
    grpc_slice slice = grpc_slice_from_copied_buffer(request ? request : "", len);
    *ret_message = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = *ret_message;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    return 3;
}

void lima_exchange_post(lima_exchange *call, unsigned batches, const void *request, size_t len)
{
    grpc_op ops[6] = {0};
    size_t count = 0;
    grpc_byte_buffer *message = NULL;
    if (batches == 0)
        return;
    if (batches & LIMA_EXCHANGE_SEND)
        count = add_request(ops, request, len, &message);
    if (batches & LIMA_EXCHANGE_HEADERS) {
        ops[count].op = GRPC_OP_RECV_INITIAL_METADATA;
        ops[count++].data.recv_initial_metadata.recv_initial_metadata = &call->headers;
    }
    if (batches & LIMA_EXCHANGE_MESSAGE) {
        ops[count].op = GRPC_OP_RECV_MESSAGE;
        ops[count++].data.recv_message.recv_message = &call->reply;
    }
    if (batches & LIMA_EXCHANGE_STATUS) {
        ops[count].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
        ops[count].data.recv_status_on_client.trailing_metadata = &call->trailers;
        ops[count].data.recv_status_on_client.status = &call->status;
        ops[count++].data.recv_status_on_client.status_details = &call->details;
    }
    if (grpc_call_start_batch(call->call, ops, count, (void *)(uintptr_t)batches, NULL) == GRPC_CALL_OK)
        call->pending |= batches;
    grpc_byte_buffer_destroy(message);
}

static gpr_timespec slice_end(lima_deadline deadline, bool sliced)
{
    uint64_t now = lima_clock_now();
    uint64_t left = deadline > now ? deadline - now : 0;
    if (sliced && left > WAKE_SLICE_MS)
        left = WAKE_SLICE_MS;
    if (!sliced && deadline == LIMA_DEADLINE_NEVER)
        return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis((int64_t)left, GPR_TIMESPAN));
}

bool lima_exchange_wait(lima_exchange *call, unsigned batches, lima_deadline deadline, lima_wake *wake,
                        lima_err *err)
{
    while (call->pending & batches) {
        if (wake && lima_wake_wait(wake, 0))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "cancelled");
        grpc_event event = grpc_completion_queue_next(call->queue, slice_end(deadline, wake != NULL), NULL);
        if (event.type == GRPC_OP_COMPLETE)
            call->pending &= ~(unsigned)(uintptr_t)event.tag;
        else if (lima_clock_now() >= deadline)
            return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "no answer in time");
    }
    return true;
}

bool lima_exchange_take(lima_exchange *call, lima_buf *ret, lima_err *err)
{
    grpc_byte_buffer_reader reader;
    if (!call->reply || !grpc_byte_buffer_reader_init(&reader, call->reply))
        return lima_err_set(err, LIMA_CODE_INTERNAL, "the call succeeded without an answer");
    bool ok = true;
    grpc_slice slice;
    while (ok && grpc_byte_buffer_reader_next(&reader, &slice)) {
        ok = lima_buf_add(ret, GRPC_SLICE_START_PTR(slice), GRPC_SLICE_LENGTH(slice))
             || lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "the answer is longer than %zu bytes", ret->limit);
        grpc_slice_unref(slice);
    }
    grpc_byte_buffer_reader_destroy(&reader);
    grpc_byte_buffer_destroy(call->reply);
    call->reply = NULL;
    return ok;
}

bool lima_exchange_status(const lima_exchange *call, lima_err *err)
{
    if (call->status == GRPC_STATUS_OK)
        return true;
    lima_code code =
        call->status <= GRPC_STATUS_UNAUTHENTICATED ? (lima_code)call->status : LIMA_CODE_UNKNOWN;
    size_t len = GRPC_SLICE_LENGTH(call->details);
    if (len == 0)
        return lima_err_set(err, code, "%s", lima_code_name(code));
    return lima_err_set(err, code, "%.*s", (int)(len < LIMA_ERR_TEXT_MAX ? len : LIMA_ERR_TEXT_MAX),
                        (const char *)GRPC_SLICE_START_PTR(call->details));
}

void lima_exchange_end(lima_exchange *call)
{
    if (call->pending)
        grpc_call_cancel(call->call, NULL);
    lima_exchange_wait(call, call->pending, LIMA_DEADLINE_NEVER, NULL, NULL);
    grpc_completion_queue_shutdown(call->queue);
    while (grpc_completion_queue_next(call->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL).type
           != GRPC_QUEUE_SHUTDOWN)
        ;
    grpc_completion_queue_destroy(call->queue);
    grpc_metadata_array_destroy(&call->headers);
    grpc_metadata_array_destroy(&call->trailers);
    grpc_byte_buffer_destroy(call->reply);
    grpc_slice_unref(call->details);
    if (call->client)
        lima_exchange_leave(call->client, call);
}
