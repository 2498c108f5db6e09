/* HTTP/2 by hand: requests as a real client's library would never send them, and exactly those headers
 * that a given grpc-go sends. A small writer and a frame reader; header compression is not decoded (RFC
 * 9113, RFC 7541 for the literals). Of the kit, and of tests with hostile peers. */
#pragma once

#include "base/buf.h"
#include "os/stream.h"

#define LIMA_HTTP2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

typedef enum lima_http2_type {
    LIMA_HTTP2_DATA = 0,
    LIMA_HTTP2_HEADERS = 1,
    LIMA_HTTP2_RST_STREAM = 3,
    LIMA_HTTP2_SETTINGS = 4,
    LIMA_HTTP2_PING = 6,
    LIMA_HTTP2_GOAWAY = 7,
} lima_http2_type;

enum {
    LIMA_HTTP2_ACK = 1,
    LIMA_HTTP2_END_STREAM = 1,
    LIMA_HTTP2_END_HEADERS = 4,
    LIMA_HTTP2_FRAME_MAX = 16384
};

typedef struct lima_http2_request {
    const char *path, *authority, *user_agent;
    const char *extra_name, *extra_value; /* one more header; NULL: none */
} lima_http2_request;

void lima_http2_add_frame(lima_buf *into, lima_http2_type type, unsigned flags, uint32_t stream,
                          const void *bytes, size_t len);
/* Preface and empty SETTINGS. */
void lima_http2_add_opening(lima_buf *into);
void lima_http2_add_headers(lima_buf *into, uint32_t stream, const lima_http2_request *request);
/* One DATA frame with a gRPC message, which must fit in it, and ends the client's side. */
void lima_http2_add_message(lima_buf *into, uint32_t stream, const void *message, size_t len);
/* A whole call on stream 1, with an empty message. */
void lima_http2_add_call(lima_buf *into, const lima_http2_request *request);

/* Reads frames until one of that type (and with that flag, 0: any) is there; DATA is collected in `data`
 * (may be NULL). A GOAWAY, RST_STREAM or the end of the connection before it is UNAVAILABLE. */
bool lima_http2_wait(lima_stream *stream, lima_http2_type type, unsigned flag, lima_buf *data,
                     lima_deadline deadline, lima_err *err);
