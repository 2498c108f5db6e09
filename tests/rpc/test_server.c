/* core/rpc: each method and its limits, and Start, over a real socket with our own client, in one process. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "harness.h"

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
    lima_start_stream *stream = start(h->client);
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
    lima_start_stream *stream = start(h->client);
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
    lima_start_stream *stream = start(h->client);
    expect_event(stream, false, "start instance 'dev': no kernel");
    expect_end(stream, LIMA_CODE_NOT_FOUND);
    lima_start_stream_close(stream);
}

static void start__before_configure__has_a_message_too(void **state)
{
    harness *h = *state;
    lima_start_stream *stream = start(h->client);
    expect_event(stream, false, "no instance is configured yet; call Configure first");
    expect_end(stream, LIMA_CODE_FAILED_PRECONDITION);
    lima_start_stream_close(stream);
}

static void start__client_closes_its_connection__vm_is_shut_down(void **state)
{
    harness *h = *state;
    lima_client *other = connect_client(h);
    configure(other, h);
    lima_start_stream *stream = start(other);
    expect_event(stream, true, "");
    lima_start_stream_close(stream);
    lima_client_close(other);
    scripted_await("stop", 1);
    call_expect(h->client, "Create", NULL, LIMA_CODE_OK, NULL); /* behind the stop */
    assert_int_equal(scripted_vm(), LIMA_VM_STOPPED);
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
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
