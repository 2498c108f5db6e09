/* Headers are written as literals without indexing and without Huffman code, which every decoder must
 * take. */
#include "ctl/check/http2.h"

#include <string.h>

enum { HEAD = 9, BLOCK_MAX = 1024 * 1024, MESSAGE_MAX = LIMA_HTTP2_FRAME_MAX, DRAIN = 4096 };

void lima_http2_add_frame(lima_buf *into, lima_http2_type type, unsigned flags, uint32_t stream,
                          const void *bytes, size_t len)
{
    const unsigned char head[HEAD] = {
        (unsigned char)(len >> 16),    (unsigned char)(len >> 8),    (unsigned char)len,
        (unsigned char)type,           (unsigned char)flags,         (unsigned char)(stream >> 24),
        (unsigned char)(stream >> 16), (unsigned char)(stream >> 8), (unsigned char)stream};
    lima_buf_add(into, head, sizeof head);
    lima_buf_add(into, bytes, len);
}

void lima_http2_add_opening(lima_buf *into)
{
    lima_buf_add_str(into, LIMA_HTTP2_PREFACE);
    lima_http2_add_frame(into, LIMA_HTTP2_SETTINGS, 0, 0, "", 0);
}

/* RFC 7541, 5.2: a length in seven bits, continued when it does not fit; then the bytes. */
static void add_string(lima_buf *into, const char *text)
{
    size_t len = strlen(text), rest = len;
    unsigned char byte = (unsigned char)(len < 127 ? len : 127);
    lima_buf_add(into, &byte, 1);
    if (len >= 127) {
        for (rest -= 127; rest >= 128; rest >>= 7) {
            byte = (unsigned char)(rest | 0x80);
            lima_buf_add(into, &byte, 1);
        }
        byte = (unsigned char)rest;
        lima_buf_add(into, &byte, 1);
    }
    lima_buf_add_str(into, text);
}

static void add_header(lima_buf *into, const char *name, const char *value)
{
    lima_buf_add(into, "", 1);
    add_string(into, name);
    add_string(into, value);
}

/* One HEADERS frame and as many CONTINUATION frames as the block needs. */
static void add_block(lima_buf *into, uint32_t stream, const lima_buf *block)
{
    enum { CONTINUATION = 9 };
    for (size_t at = 0; at < block->len; at += LIMA_HTTP2_FRAME_MAX) {
        size_t left = block->len - at, len = left < LIMA_HTTP2_FRAME_MAX ? left : LIMA_HTTP2_FRAME_MAX;
        lima_http2_type type = at == 0 ? LIMA_HTTP2_HEADERS : (lima_http2_type)CONTINUATION;
        unsigned flags = len == left ? LIMA_HTTP2_END_HEADERS : 0;
        lima_http2_add_frame(into, type, flags, stream, block->data + at, len);
    }
}

void lima_http2_add_headers(lima_buf *into, uint32_t stream, const lima_http2_request *request)
{
    lima_buf block = LIMA_BUF(BLOCK_MAX);
    add_header(&block, ":method", "POST");
    add_header(&block, ":scheme", "http");
    add_header(&block, ":path", request->path);
    add_header(&block, ":authority", request->authority);
    add_header(&block, "content-type", "application/grpc");
    add_header(&block, "user-agent", request->user_agent);
    add_header(&block, "te", "trailers");
    if (request->extra_name)
        add_header(&block, request->extra_name, request->extra_value);
    add_block(into, stream, &block);
    lima_buf_free(&block);
}

void lima_http2_add_message(lima_buf *into, uint32_t stream, const void *message, size_t len)
{
    lima_buf data = LIMA_BUF(MESSAGE_MAX);
    const unsigned char head[5] = {0, (unsigned char)(len >> 24), (unsigned char)(len >> 16),
                                   (unsigned char)(len >> 8), (unsigned char)len};
    lima_buf_add(&data, head, sizeof head);
    lima_buf_add(&data, message, len);
    lima_http2_add_frame(into, LIMA_HTTP2_DATA, LIMA_HTTP2_END_STREAM, stream, data.data, data.len);
    lima_buf_free(&data);
}

void lima_http2_add_call(lima_buf *into, const lima_http2_request *request)
{
    lima_http2_add_headers(into, 1, request);
    lima_http2_add_message(into, 1, "", 0);
}

static bool read_all(lima_stream *stream, void *into, size_t len, lima_deadline deadline, lima_err *err)
{
    for (size_t at = 0, got; at < len; at += got) {
        if (!lima_stream_read(stream, (char *)into + at, len - at, deadline, NULL, &got, err))
            return false;
        if (got == 0)
            return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "the server closed the connection");
    }
    return true;
}

static bool read_payload(lima_stream *stream, size_t len, lima_buf *data, lima_deadline deadline,
                         lima_err *err)
{
    char bytes[DRAIN];
    while (len > 0) {
        size_t part = len < sizeof bytes ? len : sizeof bytes;
        if (!read_all(stream, bytes, part, deadline, err))
            return false;
        if (data)
            lima_buf_add(data, bytes, part);
        len -= part;
    }
    return true;
}

bool lima_http2_wait(lima_stream *stream, lima_http2_type type, unsigned flag, lima_buf *data,
                     lima_deadline deadline, lima_err *err)
{
    for (;;) {
        unsigned char head[HEAD];
        if (!read_all(stream, head, sizeof head, deadline, err))
            return false;
        size_t len = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        if (len > LIMA_HTTP2_FRAME_MAX)
            return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "a frame of %zu bytes, more than was agreed",
                                len);
        if (!read_payload(stream, len, head[3] == LIMA_HTTP2_DATA ? data : NULL, deadline, err))
            return false;
        if (head[3] == (unsigned)type && (head[4] & flag) == flag)
            return true;
        if (head[3] == LIMA_HTTP2_GOAWAY || head[3] == LIMA_HTTP2_RST_STREAM)
            return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "the server refused with HTTP/2 frame type %d",
                                (int)head[3]);
    }
}
