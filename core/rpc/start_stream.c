/* The client's side of the Start stream: one message after the other, then the status.
 *
 * A wait that reaches its deadline leaves its receive under way, and the next wait takes it up again: no
 * message is lost. */
#include <stdlib.h>

#include "base/mem.h"
#include "rpc/client.h"
#include "rpc/exchange.h"
#include "rpc/messages.h"

enum { MESSAGE_MAX = 1024 * 1024 };

struct lima_start_stream {
    lima_exchange call;
    bool receiving; /* a message is asked for and was not taken yet */
};

bool lima_client_start(lima_client *client, lima_start_stream **ret, lima_err *err)
{
    lima_start_stream *stream = lima_mem_zalloc(1, sizeof *stream);
    const lima_method *method = &lima_method_table()[LIMA_METHOD_START];
    if (!lima_exchange_begin(client, method->path, LIMA_DEADLINE_NEVER, &stream->call, err)) {
        free(stream);
        return false;
    }
    lima_exchange_post(&stream->call, LIMA_EXCHANGE_SEND, NULL, 0);
    lima_exchange_post(&stream->call, LIMA_EXCHANGE_HEADERS, NULL, 0);
    *ret = stream;
    return true;
}

static bool take_message(lima_start_stream *stream, lima_start_event *ret, lima_err *err)
{
    lima_buf bytes = LIMA_BUF(MESSAGE_MAX);
    lima_message message = {0};
    bool ok = lima_exchange_take(&stream->call, &bytes, err)
              && lima_message_unpack(LIMA_MESSAGE_START, bytes.data, bytes.len, &message, err);
    if (ok)
        *ret = (lima_start_event){.success = message.flag,
                                  .error = lima_mem_strdup(message.text ? message.text : "")};
    lima_message_free(&message);
    lima_buf_free(&bytes);
    return ok;
}

static bool take_status(lima_start_stream *stream, lima_deadline deadline, lima_wake *wake,
                        lima_start_event *ret, lima_err *err)
{
    lima_exchange_post(&stream->call, LIMA_EXCHANGE_STATUS & ~stream->call.pending, NULL, 0);
    if (!lima_exchange_wait(&stream->call, LIMA_EXCHANGE_STATUS, deadline, wake, err))
        return false;
    lima_err status = {0};
    lima_exchange_status(&stream->call, &status);
    *ret = (lima_start_event){.ended = true, .code = status.code, .error = lima_mem_strdup(status.text)};
    return true;
}

bool lima_start_stream_next(lima_start_stream *stream, lima_deadline deadline, lima_wake *wake,
                            lima_start_event *ret, lima_err *err)
{
    if (!stream->receiving)
        lima_exchange_post(&stream->call, LIMA_EXCHANGE_MESSAGE, NULL, 0);
    stream->receiving = true;
    if (!lima_exchange_wait(&stream->call, LIMA_EXCHANGE_MESSAGE, deadline, wake, err))
        return false;
    if (!stream->call.reply)
        return take_status(stream, deadline, wake, ret, err);
    stream->receiving = false;
    return take_message(stream, ret, err);
}

void lima_start_event_free(lima_start_event *event)
{
    free(event->error);
    *event = (lima_start_event){0};
}

void lima_start_stream_close(lima_start_stream *stream)
{
    if (!stream)
        return;
    lima_exchange_end(&stream->call);
    free(stream);
}
