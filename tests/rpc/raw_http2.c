#include "raw_http2.h"

#include <string.h>

enum { DATA = 0, HEADERS = 1, SETTINGS = 4, END_STREAM = 1, END_HEADERS = 4 };

void raw_add_frame(lima_buf *to, uint8_t type, uint8_t flags, uint32_t stream, const void *bytes, size_t len)
{
    uint8_t head[9] = {
        (uint8_t)(len >> 16),    (uint8_t)(len >> 8),     (uint8_t)len,           type,           flags,
        (uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream};
    lima_buf_add(to, head, sizeof head);
    lima_buf_add(to, bytes, len);
}

void raw_add_preface(lima_buf *to)
{
    lima_buf_add_str(to, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    raw_add_frame(to, SETTINGS, 0, 0, "", 0);
}

/* HPACK without compression: literals that are not indexed. */
static void add_text(lima_buf *to, const char *text)
{
    uint8_t len = (uint8_t)strlen(text);
    lima_buf_add(to, &len, 1);
    lima_buf_add_str(to, text);
}

static void add_header(lima_buf *to, const char *name, const char *value)
{
    lima_buf_add(to, "\0", 1);
    add_text(to, name);
    add_text(to, value);
}

void raw_add_headers(lima_buf *to, uint32_t stream, const char *path)
{
    lima_buf block = LIMA_BUF(RAW_BYTES_MAX);
    add_header(&block, ":method", "POST");
    add_header(&block, ":scheme", "http");
    add_header(&block, ":path", path);
    add_header(&block, ":authority", "localhost");
    add_header(&block, "te", "trailers");
    add_header(&block, "content-type", "application/grpc");
    add_header(&block, "user-agent", "raw/1");
    raw_add_frame(to, HEADERS, END_HEADERS, stream, block.data, block.len);
    lima_buf_free(&block);
}

void raw_add_message(lima_buf *to, uint32_t stream, const void *message, size_t len)
{
    lima_buf data = LIMA_BUF(RAW_BYTES_MAX);
    uint8_t head[5] = {0, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    lima_buf_add(&data, head, sizeof head);
    lima_buf_add(&data, message, len);
    raw_add_frame(to, DATA, END_STREAM, stream, data.data, data.len);
    lima_buf_free(&data);
}

void raw_add_call(lima_buf *to, uint32_t stream, const char *path, const void *message, size_t len)
{
    raw_add_headers(to, stream, path);
    raw_add_message(to, stream, message, len);
}
