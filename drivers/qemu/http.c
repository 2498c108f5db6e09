/* How it works: the request says HTTP/1.0, so the server sends the answer in one piece and closes;
 * everything up to the end is read, then looked at. Deliberately not here: kept connections, chunks,
 * redirects, TCP. */
#include "qemu/http.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/utf.h"
#include "os/stream.h"

enum { SHOWN_BYTES = 200 };

static const char *find(const char *text, size_t len, const char *what)
{
    size_t what_len = strlen(what);

    for (size_t i = 0; i + what_len <= len; i++)
        if (memcmp(text + i, what, what_len) == 0)
            return text + i;
    return NULL;
}

static bool parse_status(const char *text, size_t len, unsigned *ret)
{
    if (len < 12 || memcmp(text, "HTTP/1.", 7) != 0 || text[8] != ' ')
        return false;
    unsigned status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        status = status * 10 + (unsigned)(text[i] - '0');
    }
    *ret = status;
    return true;
}

/* The value of Content-Length among the header lines, or -1. */
static int64_t parse_length(const char *head, size_t len)
{
    int64_t value = -1;
    char *copy = lima_mem_strndup(head, len);
    lima_strv lines = {0};

    lima_str_split(copy, '\n', &lines);
    for (size_t i = 0; i < lines.len; i++) {
        char *colon = strchr(lines.items[i], ':');
        if (!colon)
            continue;
        *colon = '\0';
        lima_str_trim(colon + 1);
        if (lima_str_eq_nocase(lines.items[i], "Content-Length"))
            lima_parse_i64(colon + 1, &value, NULL);
    }
    lima_strv_free(&lines);
    free(copy);
    return value;
}

bool lima_qemu_http_parse(const char *text, size_t len, unsigned *ret_status, const char **ret_body,
                          size_t *ret_len, lima_err *err)
{
    unsigned status;
    const char *end = find(text, len, "\r\n\r\n");

    if (!end || !parse_status(text, len, &status))
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "the answer is not HTTP, or was cut");
    const char *body = end + 4;
    size_t body_len = len - (size_t)(body - text);
    int64_t said = parse_length(text, (size_t)(end - text));
    if (said >= 0 && (uint64_t)said > body_len)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "the answer was cut after %zu of %lld bytes", body_len,
                            (long long)said);
    *ret_status = status;
    *ret_body = body;
    *ret_len = said >= 0 ? (size_t)said : body_len;
    return true;
}

static bool send_request(lima_stream *stream, const char *method, const char *target, const char *json,
                         lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    char *request = lima_mem_printf("%s %s HTTP/1.0\r\nHost: localhost\r\nContent-Type: "
                                    "application/json\r\nContent-Length: %zu\r\n\r\n%s",
                                    method, target, json ? strlen(json) : 0, json ? json : "");
    bool ok = lima_stream_write(stream, request, strlen(request), deadline, wake, err);

    free(request);
    return ok;
}

static bool read_all(lima_stream *stream, lima_buf *into, lima_deadline deadline, lima_wake *wake,
                     lima_err *err)
{
    for (size_t len = 1; len > 0; into->len += len) {
        char *room = lima_buf_reserve(into, 4096);
        if (!room)
            return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "the answer is longer than %d bytes",
                                QEMU_HTTP_BYTES_MAX);
        if (!lima_stream_read(stream, room, 4096, deadline, wake, &len, err))
            return false;
    }
    return true;
}

static bool use_answer(const lima_buf *answer, lima_buf *ret_body, lima_err *err)
{
    unsigned status;
    const char *body;
    size_t len;

    if (!lima_qemu_http_parse(lima_buf_str(answer), answer->len, &status, &body, &len, err))
        return false;
    if (status < 200 || status > 299) {
        const char *line_end = memchr(body, '\n', len);
        size_t shown = lima_utf8_cut(body, line_end ? (size_t)(line_end - body) : len, SHOWN_BYTES);
        return lima_err_set(err, LIMA_CODE_UNKNOWN, "status %u: %.*s", status, (int)shown, body);
    }
    if (ret_body && !lima_buf_add(ret_body, body, len))
        return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "the answer is longer than %zu bytes",
                            ret_body->limit);
    return true;
}

bool lima_qemu_http(const char *socket, const char *method, const char *target, const char *json,
                    lima_deadline deadline, lima_wake *wake, lima_buf *ret_body, lima_err *err)
{
    lima_stream *stream = NULL;
    lima_buf answer = LIMA_BUF(QEMU_HTTP_BYTES_MAX);
    bool ok = lima_stream_connect(socket, deadline, &stream, err)
              && send_request(stream, method, target, json, deadline, wake, err)
              && read_all(stream, &answer, deadline, wake, err) && use_answer(&answer, ret_body, err);

    if (!ok)
        lima_err_wrap(err, "network daemon at '%s': %s %s", socket, method, target);
    lima_stream_close(stream);
    lima_buf_free(&answer);
    return ok;
}
