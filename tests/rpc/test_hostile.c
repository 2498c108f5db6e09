/* Peers that break every rule: they cost bounded memory, and never the others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/check/http2.h"
#include "harness.h"

enum { OPEN_CLOSE = 500, LOOK_MS = 50, RAW_BYTES_MAX = 4 * 1024 * 1024 };

static void add_headers(lima_buf *to, uint32_t stream, const char *path)
{
    lima_http2_add_headers(to, stream, &(lima_http2_request){path, "localhost", "raw/1", NULL, NULL});
}

static void add_call(lima_buf *to, uint32_t stream, const char *path, const void *message, size_t len)
{
    add_headers(to, stream, path);
    lima_http2_add_message(to, stream, message, len);
}

static lima_stream *raw_connect(const harness *h)
{
    lima_stream *stream = NULL;
    lima_err err = {0};
    if (!lima_stream_connect(h->socket, patience(), &stream, &err))
        fail_msg("%s", err.text);
    return stream;
}

/* A peer that has been cut off already is fine. */
static void raw_send(lima_stream *stream, const lima_buf *bytes, size_t len)
{
    lima_stream_write(stream, bytes->data, len, patience(), NULL, NULL);
}

/* The server ends this connection. */
static void expect_closed(lima_stream *stream)
{
    char bytes[4096];
    size_t len = 1;
    lima_err err = {0};
    while (len && lima_stream_read(stream, bytes, sizeof bytes, patience(), NULL, &len, &err))
        ;
    if (len)
        assert_int_equal(err.code, LIMA_CODE_UNAVAILABLE);
}

static void expect_served(const harness *h)
{
    lima_client *fresh = connect_client(h);
    call_expect(h->client, "Info", NULL, LIMA_CODE_OK, NULL);
    call_expect(fresh, "Info", NULL, LIMA_CODE_OK, NULL);
    lima_client_close(fresh);
}

static void await_calls(const harness *h, unsigned least, unsigned most)
{
    lima_server_state s = {0};
    lima_deadline until = patience();
    do {
        lima_wake_wait(NULL, lima_clock_in(LOOK_MS));
        lima_server_look(h->server, &s);
    } while ((s.calls < least || s.calls > most) && lima_clock_now() < until);
    assert_in_range(s.calls, least, most);
}

static void await_connections(const harness *h, unsigned wanted)
{
    lima_deadline until = patience();
    while (lima_listener_look(h->listener).connections != wanted && lima_clock_now() < until)
        lima_wake_wait(NULL, lima_clock_in(LOOK_MS));
    assert_int_equal(lima_listener_look(h->listener).connections, wanted);
}

/* Configure, Create, Info: what a good client would send. */
static lima_buf good_conversation(const harness *h)
{
    lima_buf bytes = LIMA_BUF(RAW_BYTES_MAX), message = LIMA_BUF(RAW_BYTES_MAX);
    char document[512];
    int len =
        snprintf(document, sizeof document, "{\"name\":\"dev\",\"dir\":\"%s\",\"config\":{}}", h->folder);
    lima_buf_add(&message, "\x0a", 1);
    lima_buf_add(&message, &(char){(char)len}, 1);
    assert_true(len < 128);
    lima_buf_add_str(&message, document);
    lima_http2_add_opening(&bytes);
    add_call(&bytes, 1, "/Driver/Configure", message.data, message.len);
    add_call(&bytes, 3, "/Driver/Create", "", 0);
    add_call(&bytes, 5, "/Driver/Info", "", 0);
    lima_buf_free(&message);
    return bytes;
}

static void garbage__is_cut_off(void **state)
{
    harness *h = *state;
    lima_buf bytes = LIMA_BUF(RAW_BYTES_MAX);
    uint32_t random = 12345;
    for (unsigned i = 0; i < 64 * 1024; i++) {
        random = random * 1103515245 + 12345;
        lima_buf_add(&bytes, &(char){(char)(random >> 16)}, 1);
    }
    lima_stream *stream = raw_connect(h);
    raw_send(stream, &bytes, bytes.len);
    expect_closed(stream);
    lima_stream_close(stream);
    lima_buf_free(&bytes);
    expect_served(h);
}

static void stalling_peers__do_not_delay_others(void **state)
{
    enum { PEERS = 40 };
    harness *h = *state;
    lima_stream *streams[PEERS];
    lima_buf bytes = good_conversation(h);
    for (size_t i = 0; i < PEERS; i++) {
        streams[i] = raw_connect(h);
        raw_send(streams[i], &bytes,
                 i * bytes.len / PEERS); /* some silent, some in the preface, some mid-frame */
    }
    expect_served(h);
    for (size_t i = 0; i < PEERS; i++)
        lima_stream_close(streams[i]);
    lima_buf_free(&bytes);
    await_calls(h, 0, 0);
    await_connections(h, 1);
}

static void open_and_close__leaves_nothing(void **state)
{
    harness *h = *state;
    lima_buf bytes = good_conversation(h);
    for (unsigned i = 0; i < OPEN_CLOSE; i++) {
        lima_stream *stream = raw_connect(h);
        if (i % 2)
            raw_send(stream, &bytes, 1 + i % 24);
        lima_stream_close(stream);
    }
    lima_buf_free(&bytes);
    expect_served(h);
    await_connections(h, 1);
}

static void vanishing_at_any_byte__is_survived(void **state)
{
    harness *h = *state;
    lima_buf bytes = good_conversation(h);
    for (size_t len = 0; len <= bytes.len; len++) {
        lima_stream *stream = raw_connect(h);
        raw_send(stream, &bytes, len);
        lima_stream_close(stream);
    }
    lima_buf_free(&bytes);
    expect_served(h);
    await_calls(h, 0, 0);
    await_connections(h, 1);
}

static void start_vanishing_at_any_byte__leaves_no_vm(void **state)
{
    harness *h = *state;
    lima_buf bytes = LIMA_BUF(RAW_BYTES_MAX);
    configure(h->client, h);
    lima_http2_add_opening(&bytes);
    add_call(&bytes, 1, "/Driver/Start", "", 0);
    for (size_t len = 0; len <= bytes.len; len++) {
        lima_stream *stream = raw_connect(h);
        raw_send(stream, &bytes, len);
        lima_stream_close(stream);
    }
    lima_buf_free(&bytes);
    await_connections(h, 1);
    await_calls(h, 0, 0);
    assert_int_equal(scripted_vm(), LIMA_VM_STOPPED);
    assert_int_equal(lima_controls_sessions(h->controls), 0);
    expect_served(h);
}

/* A connection with so many calls that never get their request. */
static lima_stream *open_calls(const harness *h, unsigned count)
{
    lima_buf bytes = LIMA_BUF(RAW_BYTES_MAX);
    lima_stream *stream = raw_connect(h);
    lima_http2_add_opening(&bytes);
    for (uint32_t i = 0; i < count; i++)
        add_headers(&bytes, 2 * i + 1, "/Driver/Create");
    raw_send(stream, &bytes, bytes.len);
    lima_buf_free(&bytes);
    return stream;
}

static void calls_without_request__end_by_themselves(void **state)
{
    enum { CALLS = LIMA_SERVER_STREAMS_MAX };
    harness *h = *state;
    lima_stream *stream = open_calls(h, CALLS);
    await_calls(h, CALLS, CALLS);
    expect_served(h);
    await_calls(h, 0, 0); /* after LIMA_SERVER_REQUEST_MS */
    lima_stream_close(stream);
}

static void flood_of_slow_calls__readers_are_still_answered(void **state)
{
    enum { PEERS = 5, CALLS = LIMA_SERVER_STREAMS_MAX };
    harness *h = *state;
    lima_stream *streams[PEERS];
    lima_buf bytes = LIMA_BUF(RAW_BYTES_MAX);
    configure(h->client, h);
    scripted_block("create_disk");
    lima_http2_add_opening(&bytes);
    for (uint32_t i = 0; i < CALLS; i++)
        add_call(&bytes, 2 * i + 1, "/Driver/CreateDisk", "", 0);
    for (size_t i = 0; i < PEERS; i++) {
        streams[i] = raw_connect(h);
        raw_send(streams[i], &bytes, bytes.len);
    }
    scripted_await("create_disk", 1);
    expect_served(h);
    call_expect(h->client, "Validate", NULL, LIMA_CODE_OK, NULL);
    for (size_t i = 0; i < PEERS; i++)
        lima_stream_close(streams[i]);
    await_calls(h, 0, 0); /* all cancelled with their clients, though nothing was released */
    scripted_release("create_disk");
    call_expect(h->client, "CreateDisk", NULL, LIMA_CODE_OK, NULL);
    lima_buf_free(&bytes);
}

/* The peer never acknowledges the server's settings, so gRPC does not hold it to them. */
static void too_many_calls_on_one_connection__leave_room_for_others(void **state)
{
    enum { CALLS = 2 * LIMA_SERVER_CALLS_MAX };
    harness *h = *state;
    lima_stream *stream = open_calls(h, CALLS);
    await_calls(h, 1, LIMA_SERVER_STREAMS_MAX);
    expect_served(h);
    lima_stream_close(stream);
    await_calls(h, 0, 0);
}

static void oversized_frame_and_header__are_cut_off(void **state)
{
    enum { BIG = 1024 * 1024 };
    harness *h = *state;
    char *big = calloc(1, BIG);
    for (uint8_t type = 0; type <= 1; type++) {
        lima_buf bytes = LIMA_BUF(RAW_BYTES_MAX);
        lima_http2_add_opening(&bytes);
        lima_http2_add_frame(&bytes, type, 4, 1, big, BIG);
        lima_stream *stream = raw_connect(h);
        raw_send(stream, &bytes, bytes.len);
        expect_closed(stream);
        lima_stream_close(stream);
        lima_buf_free(&bytes);
    }
    free(big);
    expect_served(h);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(garbage__is_cut_off),
        TEST(stalling_peers__do_not_delay_others),
        TEST(open_and_close__leaves_nothing),
        TEST(vanishing_at_any_byte__is_survived),
        TEST(start_vanishing_at_any_byte__leaves_no_vm),
        TEST(calls_without_request__end_by_themselves),
        TEST(flood_of_slow_calls__readers_are_still_answered),
        TEST(too_many_calls_on_one_connection__leave_room_for_others),
        TEST(oversized_frame_and_header__are_cut_off),
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
