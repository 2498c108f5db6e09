/* Robustness: what one client does, by mistake or on purpose, must not reach another. After each attack a
 * new client has to get its answer within PROMPT_MS. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/check/cases.h"
#include "ctl/check/http2.h"

enum {
    PROMPT_MS = 5000,
    GARBAGE = 64 * 1024,
    SILENT = 100,
    HUGE_HEADER = 256 * 1024,
    BYTES_MAX = 4 * 1024 * 1024,
    PINGS = 20000
};

static bool prompt(lima_check *check, lima_err *err)
{
    lima_client *client;
    lima_json *info = NULL;
    bool ok = lima_check_client(check, NULL, &client, err)
              && lima_client_call(client, "Info", NULL, lima_check_in(check, PROMPT_MS), NULL, &info, err);
    lima_json_free(info);
    return ok || lima_err_wrap(err, "another client, meanwhile");
}

/* Sends the bytes on a connection of their own, which stays open. How far the server takes them does not
 * matter. */
static bool send_bytes(lima_check *check, const lima_buf *bytes, lima_err *err)
{
    lima_stream *stream;
    if (!lima_check_stream(check, &stream, err))
        return false;
    lima_stream_write(stream, bytes->data, bytes->len, lima_check_in(check, 1000), NULL, NULL);
    return true;
}

/* While the connection is open, and again after it was closed. */
static bool attack(lima_check *check, const lima_buf *bytes, lima_err *err)
{
    bool ok = lima_check_serve(check, err) && send_bytes(check, bytes, err) && prompt(check, err);
    lima_check_drop_streams(check);
    return ok && prompt(check, err);
}

static bool garbage(lima_check *check, lima_err *err)
{
    lima_buf bytes = LIMA_BUF(BYTES_MAX);
    uint32_t state = 12345; /* any fixed sequence */
    for (size_t i = 0; i < GARBAGE; i++) {
        state = state * 1664525u + 1013904223u;
        char byte = (char)(state >> 24);
        lima_buf_add(&bytes, &byte, 1);
    }
    bool ok = attack(check, &bytes, err);
    lima_buf_free(&bytes);
    return ok;
}

static bool http1(lima_check *check, lima_err *err)
{
    lima_buf bytes = LIMA_BUF(BYTES_MAX);
    lima_buf_add_str(&bytes, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    bool ok = attack(check, &bytes, err);
    lima_buf_free(&bytes);
    return ok;
}

static bool half_preface(lima_check *check, lima_err *err)
{
    lima_buf bytes = LIMA_BUF(BYTES_MAX);
    lima_buf_add(&bytes, LIMA_HTTP2_PREFACE, 10);
    bool ok = attack(check, &bytes, err);
    lima_buf_free(&bytes);
    return ok;
}

static void add_info_call(lima_buf *into, const char *path, const char *name, const char *value)
{
    const lima_http2_request request = {path, "localhost", "x", name, value};
    lima_http2_add_opening(into);
    lima_http2_add_call(into, &request);
}

static bool stalled_frame(lima_check *check, lima_err *err)
{
    lima_buf bytes = LIMA_BUF(BYTES_MAX);
    add_info_call(&bytes, "/Driver/Info", NULL, NULL);
    bytes.len -= 7; /* the last frame never comes to its end */
    bool ok = attack(check, &bytes, err);
    lima_buf_free(&bytes);
    return ok;
}

/* A Configure of which only the beginning arrives. */
static bool vanishes_in_a_message(lima_check *check, lima_err *err)
{
    static const char begin[] =
        "\0\0\x10\0\0\x0a\x80\x80\x40{\"name\":"; /* gRPC and protobuf promise one MiB */
    const lima_http2_request request = {"/Driver/Configure", "localhost", "x", NULL, NULL};
    lima_buf bytes = LIMA_BUF(BYTES_MAX);
    lima_http2_add_opening(&bytes);
    lima_http2_add_call(&bytes, &request);
    bytes.len -= 9 + 5; /* without its own DATA frame */
    lima_http2_add_frame(&bytes, LIMA_HTTP2_DATA, 0, 1, begin, sizeof begin - 1);
    bool ok = attack(check, &bytes, err);
    lima_buf_free(&bytes);
    return ok;
}

static bool huge_header(lima_check *check, lima_err *err)
{
    lima_buf bytes = LIMA_BUF(BYTES_MAX);
    char *value = lima_mem_zalloc(HUGE_HEADER + 1, 1);
    memset(value, 'x', HUGE_HEADER);
    add_info_call(&bytes, "/Driver/Info", "x-huge", value);
    bool ok = attack(check, &bytes, err);
    free(value);
    lima_buf_free(&bytes);
    return ok;
}

static bool ping_flood(lima_check *check, lima_err *err)
{
    lima_buf bytes = LIMA_BUF(BYTES_MAX);
    lima_http2_add_opening(&bytes);
    for (int i = 0; i < PINGS; i++)
        lima_http2_add_frame(&bytes, LIMA_HTTP2_PING, 0, 0, "abcdefgh", 8);
    bool ok = attack(check, &bytes, err);
    lima_buf_free(&bytes);
    return ok;
}

static bool silent_connections(lima_check *check, lima_err *err)
{
    lima_stream *stream;
    bool ok = lima_check_serve(check, err);
    for (int i = 0; ok && i < SILENT; i++)
        ok = lima_check_stream(check, &stream, err)
             || lima_err_wrap(err, "connection %d of %d", i + 1, SILENT);
    ok = ok && prompt(check, err);
    lima_check_drop_streams(check);
    return ok && prompt(check, err);
}

static bool before_configure(lima_check *check, lima_err *err)
{
    bool ok = lima_check_serve(check, err);
    for (const char *const *method = lima_client_methods(); ok && *method; method++) {
        if (strcmp(*method, "Configure") == 0)
            continue;
        lima_json *request = lima_json_new_object();
        lima_err got = {0};
        if (strstr(*method, "Snapshot") && strcmp(*method, "ListSnapshots") != 0)
            lima_json_set_str(request, "t", "tag");
        if (strcmp(*method, "ChangeDisplayPassword") == 0)
            lima_json_set_str(request, "p", "password");
        bool last = strcmp(*method, "Delete") == 0; /* may end the server, rightly */
        bool done = last || lima_check_call(check, *method, request, NULL, &got);
        ok = lima_check_that(done || got.code != LIMA_CODE_UNAVAILABLE, err,
                             "%s before Configure broke the connection: %s", *method, got.text);
        lima_json_free(request);
    }
    return ok && lima_check_alive(check, err);
}

const lima_check_case lima_check_robust_cases[] = {
    {"robust/garbage", "anything may connect to a socket by mistake", "3.1",
     "close that connection, keep the others", 0, garbage},
    {"robust/http1-request", "a browser or curl speaks HTTP/1.1", "3.1",
     "close that connection, keep the others", 0, http1},
    {"robust/half-preface", "a client that stops in the middle of its first bytes must hold up nobody", "3.1",
     "do not read the preface in the accepting thread", 0, half_preface},
    {"robust/stalled-frame", "a client that is stopped (a debugger, a suspended terminal) sends half a frame",
     "3.1", "serve connections independently", 0, stalled_frame},
    {"robust/vanishes-in-a-message", "a limactl that is killed leaves half a Configure behind", "3.5",
     "drop the call with its connection", 0, vanishes_in_a_message},
    {"robust/huge-header", "headers are held in memory before anything is checked", "3.1",
     "limit header size; refuse the call", 0, huge_header},
    {"robust/ping-flood", "answers to pings pile up for a client that does not read", "3.1",
     "limit what is queued; close such a connection", 0, ping_flood},
    {"robust/silent-connections", "probes and stuck clients leave connections open", "2.4",
     "limit connections that have not sent anything; drop the oldest", 0, silent_connections},
    {"robust/calls-before-configure",
     "a command that crashed between connecting and configuring leaves a server without an instance", "3.4",
     "answer FAILED_PRECONDITION instead of using an instance that is not there", 0, before_configure},
    {0},
};
