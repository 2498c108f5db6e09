/* The client where a server's good answers do not lead: deadlines, wakes, closing, streams. What goes well is
 * shown by test_server.c. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/file.h"

typedef struct caller {
    lima_client *client;
    lima_wake *wake;
    lima_deadline deadline;
    bool ok;
    lima_err err;
} caller;

static void call_create(void *arg)
{
    caller *c = arg;
    lima_json *reply = NULL;
    c->ok = lima_client_call(c->client, "Create", NULL, c->deadline, c->wake, &reply, &c->err);
    lima_json_free(reply);
}

/* In a thread, until it waits in the callback. */
static lima_thread *begin_create(const harness *h, caller *c)
{
    lima_thread *thread = NULL;
    configure(h->client, h);
    scripted_block("create");
    assert_true(lima_thread_start("caller", call_create, c, &thread, NULL));
    scripted_await("create", 1);
    return thread;
}

static void connect__nobody_there__not_found(void **state)
{
    harness *h = *state;
    lima_client *client;
    lima_err err = {0};
    char *path = lima_mem_printf("%s/none.sock", h->folder);
    assert_false(lima_client_connect(path, patience(), &client, &err));
    assert_int_equal(err.code, LIMA_CODE_NOT_FOUND);
    free(path);
}

static void methods__list__unary_ones_in_order(void **state)
{
    const char *const *names = lima_client_methods();
    size_t count = 0;
    (void)state;
    assert_string_equal(names[0], "Info");
    assert_string_equal(names[1], "Configure");
    for (; names[count]; count++)
        assert_string_not_equal(names[count], "Start");
    assert_int_equal(count, 19);
    assert_ptr_equal(lima_client_methods(), names);
}

static void call__not_a_unary_method__refused_without_asking(void **state)
{
    harness *h = *state;
    lima_json *reply = NULL;
    lima_err err = {0};
    assert_false(lima_client_call(h->client, "NoSuchMethod", NULL, patience(), NULL, &reply, &err));
    assert_int_equal(err.code, LIMA_CODE_UNIMPLEMENTED);
    assert_false(lima_client_call(h->client, "Start", NULL, patience(), NULL, &reply, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_false(lima_client_call(h->client, "CreateSnapshot", NULL, patience(), NULL, &reply, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
}

static void call_raw__reply_does_not_fit__out_of_range(void **state)
{
    harness *h = *state;
    lima_buf reply = LIMA_BUF(4);
    lima_err err = {0};
    assert_false(lima_client_call_raw(h->client, "/Driver/Info", NULL, 0, patience(), NULL, &reply, &err));
    assert_int_equal(err.code, LIMA_CODE_OUT_OF_RANGE);
    lima_buf_free(&reply);
    call_expect(h->client, "Info", NULL, LIMA_CODE_OK, NULL);
}

static void call__deadline_passes__deadline_exceeded_and_client_lives(void **state)
{
    harness *h = *state;
    configure(h->client, h);
    scripted_block("create");
    caller c = {.client = h->client, .deadline = lima_clock_in(50)};
    call_create(&c);
    assert_false(c.ok);
    assert_int_equal(c.err.code, LIMA_CODE_DEADLINE_EXCEEDED);
    scripted_release("create");
    call_expect(h->client, "Info", NULL, LIMA_CODE_OK, NULL);
}

static void call__wake_raised__cancelled_and_client_lives(void **state)
{
    harness *h = *state;
    caller c = {.client = h->client, .deadline = patience(), .wake = lima_wake_new()};
    lima_thread *thread = begin_create(h, &c);
    lima_wake_raise(c.wake);
    lima_thread_join(thread);
    assert_false(c.ok);
    assert_int_equal(c.err.code, LIMA_CODE_CANCELLED);
    lima_wake_free(c.wake);
    call_expect(h->client, "Info", NULL, LIMA_CODE_OK, NULL);
}

static void close__while_another_thread_calls__its_call_is_cancelled(void **state)
{
    harness *h = *state;
    caller c = {.client = connect_client(h), .deadline = patience()};
    lima_thread *thread = begin_create(h, &c);
    lima_client_close(c.client);
    lima_thread_join(thread);
    assert_false(c.ok);
    assert_int_equal(c.err.code, LIMA_CODE_CANCELLED);
}

static void start_stream__deadline_before_message__message_is_not_lost(void **state)
{
    harness *h = *state;
    lima_start_stream *stream;
    lima_start_event event;
    lima_err err = {0};
    configure(h->client, h);
    scripted_block("start");
    assert_true(lima_client_start(h->client, &stream, NULL));
    scripted_await("start", 1);
    for (int i = 0; i < 3; i++) {
        assert_false(lima_start_stream_next(stream, 0, NULL, &event, &err));
        assert_int_equal(err.code, LIMA_CODE_DEADLINE_EXCEEDED);
    }
    scripted_release("start");
    expect_event(stream, true, "");
    scripted_end_vm(NULL);
    expect_event(stream, true, "");
    expect_end(stream, LIMA_CODE_OK);
    expect_end(stream, LIMA_CODE_OK); /* asked again, it says the same */
    lima_start_stream_close(stream);
}

static void start_stream__wake_raised__cancelled_and_stream_goes_on(void **state)
{
    harness *h = *state;
    lima_start_stream *stream;
    lima_start_event event;
    lima_err err = {0};
    lima_wake *wake = lima_wake_new();
    configure(h->client, h);
    assert_true(lima_client_start(h->client, &stream, NULL));
    expect_event(stream, true, "");
    lima_wake_raise(wake);
    assert_false(lima_start_stream_next(stream, patience(), wake, &event, &err));
    assert_int_equal(err.code, LIMA_CODE_CANCELLED);
    scripted_end_vm(NULL);
    expect_event(stream, true, "");
    lima_start_stream_close(stream);
    lima_wake_free(wake);
}

static void start_stream__outlives_its_client__ends(void **state)
{
    harness *h = *state;
    lima_start_stream *stream;
    lima_client *client = connect_client(h);
    configure(h->client, h);
    assert_true(lima_client_start(client, &stream, NULL));
    expect_event(stream, true, "");
    lima_client_close(client);
    expect_end(stream, LIMA_CODE_CANCELLED);
    lima_start_stream_close(stream);
    call_expect(h->client, "Stop", NULL, LIMA_CODE_OK, NULL);
}

static void adopt__peer_gone__calls_are_unavailable(void **state)
{
    lima_stream *ours, *theirs;
    lima_client *client;
    lima_buf reply = LIMA_BUF(100);
    lima_err err = {0};
    (void)state;
    assert_true(lima_stream_pair(&ours, &theirs, NULL));
    lima_stream_close(theirs);
    assert_true(lima_client_adopt(ours, &client, NULL));
    for (int i = 0; i < 2; i++) {
        assert_false(lima_client_call_raw(client, "/Driver/Info", NULL, 0, patience(), NULL, &reply, &err));
        assert_int_equal(err.code, LIMA_CODE_UNAVAILABLE);
    }
    lima_client_close(client);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(connect__nobody_there__not_found),
        cmocka_unit_test(methods__list__unary_ones_in_order),
        WITH_SERVER(call__not_a_unary_method__refused_without_asking),
        WITH_SERVER(call_raw__reply_does_not_fit__out_of_range),
        WITH_SERVER(call__deadline_passes__deadline_exceeded_and_client_lives),
        WITH_SERVER(call__wake_raised__cancelled_and_client_lives),
        WITH_SERVER(close__while_another_thread_calls__its_call_is_cancelled),
        WITH_SERVER(start_stream__deadline_before_message__message_is_not_lost),
        WITH_SERVER(start_stream__wake_raised__cancelled_and_stream_goes_on),
        WITH_SERVER(start_stream__outlives_its_client__ends),
        cmocka_unit_test(adopt__peer_gone__calls_are_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
