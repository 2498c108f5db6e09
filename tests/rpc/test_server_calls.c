/* core/rpc: calls beside each other, cancelled ones, and what the server does about them when it is looked
 * at, deleted and stopped. */
#include "harness.h"

/* ---- calls that wait, in threads ---- */

typedef struct pending {
    lima_client *client;
    const char *method;
    lima_wake *wake;
    lima_thread *thread;
    bool ok;
    lima_err err;
} pending;

static void run_pending(void *arg)
{
    pending *p = arg;
    lima_json *reply = NULL;
    p->ok = lima_client_call(p->client, p->method, NULL, patience(), p->wake, &reply, &p->err);
    lima_json_free(reply);
}

static void begin(pending *p, lima_client *client, const char *method)
{
    lima_err err = {0};
    *p = (pending){.client = client, .method = method, .wake = lima_wake_new()};
    if (!lima_thread_start("pending", run_pending, p, &p->thread, &err))
        fail_msg("%s", err.text);
}

/* A CreateDisk that waits in its callback. */
static void begin_blocked(pending *p, const harness *h)
{
    scripted_block("create_disk");
    begin(p, h->client, "CreateDisk");
    scripted_await("create_disk", 1);
}

static void end(pending *p)
{
    lima_thread_join(p->thread);
    lima_wake_free(p->wake);
}

/* ---- concurrency ---- */

static void readers__are_answered_while_changers_block(void **state)
{
    harness *h = *state;
    lima_client *other = connect_client(h);
    pending disk, stop;
    configure(h->client, h);
    begin_blocked(&disk, h);
    begin(&stop, h->client, "Stop");
    static const char *const readers[] = {"Info",        "Validate",          "SSHAddress",
                                          "BootScripts", "ForwardGuestAgent", "GuestAgentConn"};
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        call_expect(h->client, readers[i], NULL, LIMA_CODE_OK, NULL);
        call_expect(other, readers[i], NULL, LIMA_CODE_OK, NULL);
    }
    configure(other, h);
    scripted_release("create_disk");
    end(&disk);
    end(&stop);
    assert_true(disk.ok);
    assert_true(stop.ok);
    lima_client_close(other);
}

static void start__blocks__readers_and_stop_still_work(void **state)
{
    harness *h = *state;
    configure(h->client, h);
    scripted_block("start");
    lima_start_stream *stream = start(h->client);
    scripted_await("start", 1);
    call_expect(h->client, "Info", NULL, LIMA_CODE_OK, NULL);
    call_expect(h->client, "Validate", NULL, LIMA_CODE_OK, NULL);
    call_expect(h->client, "Stop", NULL, LIMA_CODE_OK, NULL);
    expect_event(stream, false, "start instance 'dev': stopped while it was starting");
    expect_end(stream, LIMA_CODE_CANCELLED);
    lima_start_stream_close(stream);
}

static void cancelled_call__stops_its_work(void **state)
{
    harness *h = *state;
    pending disk;
    configure(h->client, h);
    begin_blocked(&disk, h);
    lima_wake_raise(disk.wake);
    end(&disk);
    assert_int_equal(disk.err.code, LIMA_CODE_CANCELLED);
    call_expect(h->client, "Create", NULL, LIMA_CODE_OK, NULL); /* runs only when create_disk has returned */
    scripted_release("create_disk");
}

static void deadline_of_the_client__stops_its_work(void **state)
{
    harness *h = *state;
    lima_json *reply = NULL;
    lima_err err = {0};
    configure(h->client, h);
    scripted_block("create_disk");
    assert_false(lima_client_call(h->client, "CreateDisk", NULL, lima_clock_in(50), NULL, &reply, &err));
    assert_int_equal(err.code, LIMA_CODE_DEADLINE_EXCEEDED);
    call_expect(h->client, "Create", NULL, LIMA_CODE_OK, NULL);
    scripted_release("create_disk");
}

static void many_clients__all_are_served(void **state)
{
    enum { CLIENTS = 8, CALLS = 50 };
    harness *h = *state;
    lima_client *clients[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++)
        clients[i] = connect_client(h);
    for (unsigned n = 0; n < CALLS; n++)
        for (unsigned i = 0; i < CLIENTS; i++)
            call_expect(clients[i], "Info", NULL, LIMA_CODE_OK, NULL);
    assert_int_equal(lima_listener_look(h->listener).connections, CLIENTS + 1);
    for (unsigned i = 0; i < CLIENTS; i++)
        lima_client_close(clients[i]);
}

/* ---- look, delete, stop ---- */

static void look__counts_calls_and_tells_the_last(void **state)
{
    harness *h = *state;
    lima_server_state s = {0};
    pending disk;
    lima_deadline until = patience();
    lima_server_look(h->server, &s);
    assert_int_equal(s.called, 0);
    configure(h->client, h);
    begin_blocked(&disk, h);
    do /* the call before is over for its client first */
        lima_server_look(h->server, &s);
    while (s.calls != 1 && lima_clock_now() < until);
    assert_int_equal(s.calls, 1);
    assert_true(s.called > 0);
    scripted_release("create_disk");
    end(&disk);
}

static void delete__is_told_when_answered(void **state)
{
    harness *h = *state;
    lima_server_state s = {0};
    configure(h->client, h);
    scripted_fail("remove", LIMA_CODE_INTERNAL, "busy");
    call_expect(h->client, "Delete", NULL, LIMA_CODE_INTERNAL, NULL);
    lima_server_look(h->server, &s);
    assert_false(s.deleted);
    assert_int_equal(atomic_load(&h->let_go), 0);
    scripted_fail("remove", LIMA_CODE_OK, "");
    call_expect(h->client, "Delete", NULL, LIMA_CODE_OK, NULL);
    assert_int_equal(atomic_load(&h->let_go), 1); /* before the answer, which is here */
    assert_true(lima_wake_wait(h->last, patience()));
    lima_server_look(h->server, &s);
    assert_true(s.deleted);
}

static void stop__lets_calls_finish(void **state)
{
    harness *h = *state;
    pending disk;
    configure(h->client, h);
    begin(&disk, h->client, "CreateDisk");
    end(&disk);
    assert_true(disk.ok);
    assert_int_equal(harness_stop(h, SCRIPTED_PATIENCE_MS), 0);
    lima_json *reply = NULL;
    lima_err err = {0};
    assert_false(lima_client_call(h->client, "Info", NULL, patience(), NULL, &reply, &err));
    assert_int_equal(err.code, LIMA_CODE_UNAVAILABLE);
}

static void stop__cancels_what_does_not_finish(void **state)
{
    harness *h = *state;
    pending disk;
    configure(h->client, h);
    begin_blocked(&disk, h);
    assert_int_equal(harness_stop(h, 1), 0);
    end(&disk);
    assert_false(disk.ok);
    scripted_release("create_disk");
}

static void stop__callback_that_ignores_its_wake__is_reported_in_time(void **state)
{
    harness *h = *state;
    pending disk;
    configure(h->client, h);
    scripted_block_deaf("create_disk");
    begin(&disk, h->client, "CreateDisk");
    scripted_await("create_disk", 1);
    assert_false(lima_server_stop(h->server, 1));
    end(&disk); /* the client is not kept waiting */
    assert_false(disk.ok);
    scripted_release("create_disk");
    assert_int_equal(harness_stop(h, SCRIPTED_PATIENCE_MS), 0); /* nothing was freed: now it can be */
}

static void stop__session__is_told_and_its_vm_left(void **state)
{
    harness *h = *state;
    configure(h->client, h);
    lima_start_stream *stream = start(h->client);
    expect_event(stream, true, "");
    assert_int_equal(harness_stop(h, 1), 0);
    expect_event(
        stream, false,
        "the driver process was told to end and watches the VM no longer; should it run on, stop it: limactl "
        "stop -f dev");
    lima_start_stream_close(stream);
    assert_int_equal(scripted_vm(), LIMA_VM_RUNNING);
    assert_int_equal(scripted_count("stop"), 0);
}

static void stop_in_order(void *h)
{
    harness_stop(h, SCRIPTED_PATIENCE_MS);
}

/* Its client has gone, so nobody is served by waiting for it. */
static void stop__vm_without_client_shuts_down__is_not_waited_for(void **state)
{
    harness *h = *state;
    lima_thread *thread = NULL;
    configure(h->client, h);
    lima_start_stream *stream = start(h->client);
    expect_event(stream, true, "");
    scripted_block("stop");
    lima_start_stream_close(stream);
    scripted_await("stop", 1);
    assert_true(lima_thread_start("stop", stop_in_order, h, &thread, NULL));
    scripted_await("stop", 2);
    assert_int_equal(scripted_grace(), LIMA_CONTROL_HURRY_GRACE_MS);
    scripted_release("stop");
    lima_thread_join(thread);
    assert_int_equal(scripted_vm(), LIMA_VM_STOPPED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(readers__are_answered_while_changers_block),
        TEST(start__blocks__readers_and_stop_still_work),
        TEST(cancelled_call__stops_its_work),
        TEST(deadline_of_the_client__stops_its_work),
        TEST(many_clients__all_are_served),
        TEST(look__counts_calls_and_tells_the_last),
        TEST(delete__is_told_when_answered),
        TEST(stop__lets_calls_finish),
        TEST(stop__cancels_what_does_not_finish),
        TEST(stop__callback_that_ignores_its_wake__is_reported_in_time),
        TEST(stop__session__is_told_and_its_vm_left),
        TEST(stop__vm_without_client_shuts_down__is_not_waited_for),
    };
    return cmocka_run_group_tests_name("server_calls", tests, NULL, NULL);
}
