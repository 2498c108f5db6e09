/* core/rpc: server, calls, methods, in one process, over a real socket, with our own client. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
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

static void end(pending *p)
{
    lima_thread_join(p->thread);
    lima_wake_free(p->wake);
}

static lima_start_stream *begin_session(lima_client *client)
{
    lima_start_stream *stream = NULL;
    lima_err err = {0};
    if (!lima_client_start(client, &stream, &err))
        fail_msg("%s", err.text);
    return stream;
}

/* ---- methods ---- */

static void info__works_before_configure(void **state)
{
    harness *h = *state;
    lima_json *reply = NULL;
    call_expect(h->client, "Info", NULL, LIMA_CODE_OK, &reply);
    assert_string_equal(lima_json_str(reply, "", "name"), "scripted");
    assert_int_equal(lima_json_int(reply, 0, "vsockPort"), 2222);
    assert_string_equal(lima_json_str(reply, "", "features.supportedImageFormats[1]"), "qcow2");
    assert_int_equal(lima_json_get_kind(reply, "instanceDir"), LIMA_JSON_ABSENT);
    lima_json_free(reply);
}

static void info__names_the_folder_after_configure(void **state)
{
    harness *h = *state;
    lima_json *reply = NULL;
    configure(h->client, h);
    call_expect(h->client, "Info", NULL, LIMA_CODE_OK, &reply);
    assert_string_equal(lima_json_str(reply, "", "instanceDir"), h->folder);
    lima_json_free(reply);
}

static void every_method__before_configure__asks_for_it(void **state)
{
    harness *h = *state;
    static const char *const free_of_it[] = {"Info", "Configure", "RunGUI", "ForwardGuestAgent", NULL};
    for (const char *const *name = lima_client_methods(); *name; name++) {
        lima_code code = LIMA_CODE_FAILED_PRECONDITION;
        const char *request = strstr(*name, "Password") ? "{\"password\":\"x\"}" : NULL;
        for (const char *const *free_name = free_of_it; *free_name; free_name++)
            if (strcmp(*name, *free_name) == 0)
                code = LIMA_CODE_OK;
        if (strstr(*name, "Snapshot") && !strstr(*name, "List"))
            request = "{\"tag\":\"x\"}";
        if (code)
            call_expect(h->client, *name, request, code, NULL);
    }
}

static void methods__reach_their_callbacks(void **state)
{
    static const struct {
        const char *method, *request, *callback;
    } cases[] = {
        {"Validate", NULL, "validate"},
        {"Create", NULL, "create"},
        {"CreateDisk", NULL, "create_disk"},
        {"AdditionalSetupForSSH", NULL, "setup_ssh"},
        {"SSHAddress", NULL, "ssh_address"},
        {"Stop", NULL, "stop"},
        {"ChangeDisplayPassword", "{\"password\":\"secret\"}", "change_password"},
        {"GetDisplayConnection", NULL, "connection"},
        {"CreateSnapshot", "{\"tag\":\"a\"}", "snapshot_create"},
        {"ApplySnapshot", "{\"tag\":\"a\"}", "snapshot_apply"},
        {"DeleteSnapshot", "{\"tag\":\"a\"}", "snapshot_remove"},
        {"ListSnapshots", NULL, "snapshot_list"},
        {"GuestAgentConn", NULL, "connect"},
        {"Delete", NULL, "remove"},
    };
    harness *h = *state;
    configure(h->client, h);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        call_expect(h->client, cases[i].method, cases[i].request, LIMA_CODE_OK, NULL);
        assert_int_equal(scripted_count(cases[i].callback), 1);
        scripted_fail(cases[i].callback, LIMA_CODE_ABORTED, "not now");
        call_expect(h->client, cases[i].method, cases[i].request, LIMA_CODE_ABORTED, NULL);
    }
}

static void replies__have_their_content(void **state)
{
    harness *h = *state;
    lima_json *reply = NULL;
    configure(h->client, h);
    call_expect(h->client, "SSHAddress", NULL, LIMA_CODE_OK, &reply);
    assert_string_equal(lima_json_str(reply, "", "address"), "192.0.2.7");
    lima_json_free(reply);
    call_expect(h->client, "BootScripts", NULL, LIMA_CODE_OK, &reply);
    assert_string_equal(lima_json_str(reply, "", "scripts.\"boot.Linux/50-a.sh\""), "#!/bin/sh\necho a\n");
    lima_json_free(reply);
    call_expect(h->client, "ListSnapshots", NULL, LIMA_CODE_OK, &reply);
    assert_non_null(strstr(lima_json_str(reply, "", "snapshots"), "before-update"));
    lima_json_free(reply);
    call_expect(h->client, "ForwardGuestAgent", NULL, LIMA_CODE_OK, &reply);
    assert_false(lima_json_bool(reply, true, "shouldForward"));
    lima_json_free(reply);
}

static void configure__echoes_every_key_and_digit(void **state)
{
    harness *h = *state;
    lima_json *reply = NULL;
    char *text = lima_mem_printf(
        "{\"name\":\"dev\",\"dir\":\"%s\",\"new\":[1.10,{\"x\":123456789012345678901234567890}],"
        "\"config\":{\"unknown\":\"\\u003c\"}}",
        h->folder);
    call_expect(h->client, "Configure", text, LIMA_CODE_OK, &reply);
    char *printed = lima_json_print(reply);
    assert_non_null(strstr(printed, "\"new\":[1.10,{\"x\":123456789012345678901234567890}]"));
    assert_non_null(strstr(printed, "\"unknown\":\"<\""));
    assert_string_equal(lima_json_str(reply, "", "config.mountType"), "9p");
    assert_string_equal(lima_json_str(reply, "", "vmType"), "scripted");
    free(printed);
    free(text);
    lima_json_free(reply);
}

static void configure__while_running_without_a_port__keeps_the_port(void **state)
{
    harness *h = *state;
    lima_json *reply = NULL;
    configure(h->client, h);
    lima_start_stream *stream = begin_session(h->client);
    expect_event(stream, true, "");
    char *text =
        lima_mem_printf("{\"name\":\"dev\",\"dir\":\"%s\",\"status\":\"Running\",\"config\":{}}", h->folder);
    call_expect(h->client, "Configure", text, LIMA_CODE_OK, &reply);
    assert_int_equal(lima_json_int(reply, 0, "sshLocalPort"), 2222);
    lima_json_free(reply);
    call_expect(h->client, "Stop", NULL, LIMA_CODE_OK, NULL);
    lima_start_stream_close(stream);
    call_expect(h->client, "Configure", text, LIMA_CODE_OK, &reply); /* stopped: no port is no port */
    free(text);
    lima_json_free(reply);
}

static void configure__bad_documents__are_refused(void **state)
{
    harness *h = *state;
    static const struct {
        const char *text;
        lima_code code;
    } cases[] = {
        {"{}", LIMA_CODE_INVALID_ARGUMENT},
        {"{\"name\":\"dev\",\"config\":{}}", LIMA_CODE_INVALID_ARGUMENT},
        {"{\"name\":\"dev\",\"dir\":\"relative\",\"config\":{}}", LIMA_CODE_INVALID_ARGUMENT},
        {"{\"name\":\"dev\",\"dir\":\"/\",\"config\":{}}", LIMA_CODE_INVALID_ARGUMENT},
        {"{\"name\":\"dev\",\"dir\":\"/nonexistent\",\"config\":{}}", LIMA_CODE_INVALID_ARGUMENT},
        {"{\"name\":7,\"dir\":\"/tmp\",\"config\":{}}", LIMA_CODE_INVALID_ARGUMENT},
        {"{\"name\":\"dev\",\"dir\":\"/tmp\",\"cpus\":-1,\"config\":{}}", LIMA_CODE_INVALID_ARGUMENT},
        {"{\"name\":\"dev\",\"dir\":\"/tmp\",\"memory\":4.29e9,\"config\":{}}", LIMA_CODE_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        call_expect(h->client, "Configure", cases[i].text, cases[i].code, NULL);
    call_expect(h->client, "Validate", NULL, LIMA_CODE_FAILED_PRECONDITION, NULL); /* none of them counts */
}

static void unknown_method__is_unimplemented(void **state)
{
    harness *h = *state;
    lima_buf reply = LIMA_BUF(100);
    lima_err err = {0};
    assert_false(lima_client_call_raw(h->client, "/Driver/Nope", "", 0, patience(), NULL, &reply, &err));
    assert_int_equal(err.code, LIMA_CODE_UNIMPLEMENTED);
    assert_false(lima_client_call_raw(h->client, "/Other/Info", "", 0, patience(), NULL, &reply, &err));
    assert_int_equal(err.code, LIMA_CODE_UNIMPLEMENTED);
    lima_buf_free(&reply);
}

static void malformed_message__is_invalid(void **state)
{
    static const char bytes[] = "\x0a\x7fshort";
    harness *h = *state;
    lima_buf reply = LIMA_BUF(100);
    lima_err err = {0};
    assert_false(lima_client_call_raw(h->client, "/Driver/CreateSnapshot", bytes, sizeof bytes - 1,
                                      patience(), NULL, &reply, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    call_expect(h->client, "Info", NULL, LIMA_CODE_OK, NULL); /* the connection goes on */
    lima_buf_free(&reply);
}

/* One byte less than the limit is read (and is no JSON), one more than it is not. */
static void large_message__limit_is_kept(void **state)
{
    harness *h = *state;
    lima_buf reply = LIMA_BUF(100);
    lima_err err = {0};
    char *bytes = lima_mem_zalloc(1, LIMA_MESSAGE_MAX + 1);
    assert_false(lima_client_call_raw(h->client, "/Driver/Info", bytes, LIMA_MESSAGE_MAX + 1, patience(),
                                      NULL, &reply, &err));
    assert_int_equal(err.code, LIMA_CODE_RESOURCE_EXHAUSTED);
    assert_false(lima_client_call_raw(h->client, "/Driver/Info", bytes, LIMA_MESSAGE_MAX, patience(), NULL,
                                      &reply, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    call_expect(h->client, "Info", NULL, LIMA_CODE_OK, NULL);
    lima_buf_free(&reply);
    free(bytes);
}

static void large_document__goes_both_ways(void **state)
{
    enum { SCRIPT = 3 * 1024 * 1024 };
    harness *h = *state;
    lima_json *reply = NULL;
    char *script = lima_mem_zalloc(1, SCRIPT + 1);
    memset(script, 'x', SCRIPT);
    char *text = lima_mem_printf("{\"name\":\"dev\",\"dir\":\"%s\",\"config\":{\"message\":\"%s\"}}",
                                 h->folder, script);
    call_expect(h->client, "Configure", text, LIMA_CODE_OK, &reply);
    assert_string_equal(lima_json_str(reply, "", "config.message"), script);
    lima_json_free(reply);
    free(text);
    free(script);
}

/* ---- Start ---- */

static void start__from_first_to_last_message(void **state)
{
    harness *h = *state;
    configure(h->client, h);
    lima_start_stream *stream = begin_session(h->client);
    expect_event(stream, true, "");
    call_expect(h->client, "Stop", NULL, LIMA_CODE_OK, NULL);
    expect_event(stream, true, "");
    expect_end(stream, LIMA_CODE_OK);
    lima_start_stream_close(stream);
}

static void start__failure__is_a_message_and_a_status(void **state)
{
    harness *h = *state;
    configure(h->client, h);
    scripted_fail("start", LIMA_CODE_NOT_FOUND, "no kernel");
    lima_start_stream *stream = begin_session(h->client);
    expect_event(stream, false, "start instance 'dev': no kernel");
    expect_end(stream, LIMA_CODE_NOT_FOUND);
    lima_start_stream_close(stream);
}

static void start__before_configure__has_a_message_too(void **state)
{
    harness *h = *state;
    lima_start_stream *stream = begin_session(h->client);
    expect_event(stream, false, "no instance is configured yet; call Configure first");
    expect_end(stream, LIMA_CODE_FAILED_PRECONDITION);
    lima_start_stream_close(stream);
}

static void start__client_closes_its_connection__vm_is_shut_down(void **state)
{
    harness *h = *state;
    lima_client *other = connect_client(h);
    configure(other, h);
    lima_start_stream *stream = begin_session(other);
    expect_event(stream, true, "");
    lima_start_stream_close(stream);
    lima_client_close(other);
    scripted_await("stop", 1);
    call_expect(h->client, "Create", NULL, LIMA_CODE_OK, NULL); /* behind the stop */
    assert_int_equal(scripted_vm(), LIMA_VM_STOPPED);
}

/* ---- concurrency ---- */

static void readers__are_answered_while_changers_block(void **state)
{
    harness *h = *state;
    lima_client *other = connect_client(h);
    pending disk, stop;
    configure(h->client, h);
    scripted_block("create_disk");
    begin(&disk, h->client, "CreateDisk");
    scripted_await("create_disk", 1);
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
    lima_start_stream *stream = begin_session(h->client);
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
    scripted_block("create_disk");
    begin(&disk, h->client, "CreateDisk");
    scripted_await("create_disk", 1);
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
    assert_int_equal(lima_listener_connections(h->listener), CLIENTS + 1);
    for (unsigned i = 0; i < CLIENTS; i++)
        lima_client_close(clients[i]);
}

/* ---- look, delete, stop ---- */

static void look__counts_calls_and_tells_the_last(void **state)
{
    harness *h = *state;
    lima_server_state s = {0};
    pending disk;
    lima_server_look(h->server, &s);
    assert_int_equal(s.called, 0);
    configure(h->client, h);
    scripted_block("create_disk");
    begin(&disk, h->client, "CreateDisk");
    scripted_await("create_disk", 1);
    lima_server_look(h->server, &s);
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
    scripted_fail("remove", LIMA_CODE_OK, "");
    call_expect(h->client, "Delete", NULL, LIMA_CODE_OK, NULL);
    assert_true(lima_wake_wait(h->deleted, patience()));
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
    scripted_block("create_disk");
    begin(&disk, h->client, "CreateDisk");
    scripted_await("create_disk", 1);
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
    lima_start_stream *stream = begin_session(h->client);
    expect_event(stream, true, "");
    assert_int_equal(harness_stop(h, 1), 0);
    expect_event(stream, false,
                 "the driver process was told to end; the VM runs on. Stop it: limactl stop -f dev");
    lima_start_stream_close(stream);
    assert_int_equal(scripted_vm(), LIMA_VM_RUNNING);
    assert_int_equal(scripted_count("stop"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(info__works_before_configure),
        TEST(info__names_the_folder_after_configure),
        TEST(every_method__before_configure__asks_for_it),
        TEST(methods__reach_their_callbacks),
        TEST(replies__have_their_content),
        TEST(configure__echoes_every_key_and_digit),
        TEST(configure__while_running_without_a_port__keeps_the_port),
        TEST(configure__bad_documents__are_refused),
        TEST(unknown_method__is_unimplemented),
        TEST(malformed_message__is_invalid),
        TEST(large_message__limit_is_kept),
        TEST(large_document__goes_both_ways),
        TEST(start__from_first_to_last_message),
        TEST(start__failure__is_a_message_and_a_status),
        TEST(start__before_configure__has_a_message_too),
        TEST(start__client_closes_its_connection__vm_is_shut_down),
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
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
