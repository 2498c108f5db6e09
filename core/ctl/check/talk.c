/* Connections and calls of a case. Everything is bounded by limactl's own patience and by the case's
 * deadline. */
#include <stdlib.h>
#include <string.h>

#include "ctl/check/fixture_state.h"

enum { ANSWER_MAX = 20 * 1024 * 1024, VARINT_MAX = 10 };

static bool room(size_t count, size_t max, lima_err *err)
{
    return lima_check_that(count < max, err, "the case opens more than %zu at once", max);
}

bool lima_check_client(lima_check *check, const char *user_agent, lima_client **ret, lima_err *err)
{
    if (!room(check->client_count, LIMA_CHECK_OWNED_MAX, err)
        || !lima_client_connect_as(check->server.socket, user_agent, lima_check_in(check, 2000), ret, err))
        return false;
    check->clients[check->client_count++] = *ret;
    return true;
}

bool lima_check_stream(lima_check *check, lima_stream **ret, lima_err *err)
{
    if (!room(check->stream_count, LIMA_CHECK_OWNED_MAX, err)
        || !lima_stream_connect(check->server.socket, lima_check_in(check, 2000), ret, err))
        return false;
    check->streams[check->stream_count++] = *ret;
    return true;
}

void lima_check_drop_streams(lima_check *check)
{
    for (size_t i = 0; i < check->stream_count; i++)
        lima_stream_close(check->streams[i]);
    check->stream_count = 0;
}

bool lima_check_start_stream(lima_check *check, lima_client *client, lima_start_stream **ret, lima_err *err)
{
    if (!room(check->start_count, LIMA_CHECK_STARTS_MAX, err) || !lima_client_start(client, ret, err))
        return false;
    check->starts[check->start_count++] = *ret;
    check->vm = true;
    lima_check_begin_host_agent(check);
    return true;
}

void lima_check_drop_start(lima_check *check, lima_start_stream *stream)
{
    size_t at = 0;
    while (at < check->start_count && check->starts[at] != stream)
        at++;
    if (at == check->start_count)
        return;
    check->starts[at] = check->starts[--check->start_count];
    lima_start_stream_close(stream);
}

bool lima_check_call_within(lima_check *check, const char *method, const lima_json *request, uint64_t ms,
                            lima_json **ret, lima_err *err)
{
    lima_json *answer = NULL;
    if (!lima_client_call(check->server.client, method, request, lima_check_in(check, ms),
                          check->config->wake, &answer, err))
        return false;
    if (ret)
        *ret = answer;
    else
        lima_json_free(answer);
    return true;
}

bool lima_check_call(lima_check *check, const char *method, const lima_json *request, lima_json **ret,
                     lima_err *err)
{
    return lima_check_call_within(check, method, request, LIMA_CHECK_CALL_MS, ret, err);
}

bool lima_check_configure(lima_check *check, lima_json **ret, lima_err *err)
{
    return lima_check_call(check, "Configure", check->instance, ret, err);
}

/* ---- Configure by bytes: documents that are none ---- */

static size_t put_varint(size_t value, unsigned char *to)
{
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        to[len++] = (unsigned char)(value | 0x80);
    to[len++] = (unsigned char)value;
    return len;
}

static void wrap_document(const void *bytes, size_t len, lima_buf *ret)
{
    unsigned char head[1 + VARINT_MAX] = {0x0a}; /* field 1, length-delimited */
    lima_buf_add(ret, head, 1 + put_varint(len, head + 1));
    lima_buf_add(ret, bytes, len);
}

/* The bytes of field 1, when it is the only field, as it is in every answer to Configure. */
static bool unwrap_document(const lima_buf *message, lima_buf *ret, lima_err *err)
{
    size_t at = 1, len = 0;
    unsigned shift = 0;
    if (message->len == 0)
        return true;
    while (at < message->len && shift < 35 && (message->data[at] & 0x80)) {
        len |= (size_t)(message->data[at++] & 0x7f) << shift;
        shift += 7;
    }
    if (at < message->len)
        len |= (size_t)(message->data[at++] & 0x7f) << shift;
    return lima_check_that(message->data[0] == 0x0a && len == message->len - at, err,
                           "the answer to Configure is no SetConfigResponse")
           && lima_check_that(lima_buf_add(ret, message->data + at, len), err,
                              "the answer to Configure is too long");
}

bool lima_check_configure_bytes(lima_check *check, const void *bytes, size_t len, lima_buf *ret,
                                lima_err *err)
{
    lima_buf request = LIMA_BUF(len + 1 + VARINT_MAX), answer = LIMA_BUF(ANSWER_MAX);
    wrap_document(bytes, len, &request);
    bool ok =
        lima_client_call_raw(check->server.client, "/Driver/Configure", request.data, request.len,
                             lima_check_in(check, LIMA_CHECK_CALL_MS), check->config->wake, &answer, err)
        && (!ret || unwrap_document(&answer, ret, err));
    lima_buf_free(&request);
    lima_buf_free(&answer);
    return ok;
}

bool lima_check_alive(lima_check *check, lima_err *err)
{
    lima_client *client;
    lima_json *info = NULL;
    bool ok = lima_check_client(check, NULL, &client, err)
              && lima_client_call(client, "Info", NULL, lima_check_in(check, LIMA_CHECK_CALL_MS),
                                  check->config->wake, &info, err);
    lima_json_free(info);
    return ok || lima_err_wrap(err, "the server no longer serves");
}

bool lima_check_refused(bool ok, const lima_err *got, const char *what, lima_err *err)
{
    return lima_check_that(!ok, err, "%s was accepted", what)
           && lima_check_that(got->code != LIMA_CODE_UNAVAILABLE, err, "%s broke the connection: %s", what,
                              got->text)
           && lima_check_that(got->code != LIMA_CODE_DEADLINE_EXCEEDED, err, "%s was not answered in time",
                              what);
}
