#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "os/file.h"
#include "os/host.h"
#include "os/process.h"

lima_deadline patience(void)
{
    return lima_clock_in(SCRIPTED_PATIENCE_MS);
}

static void must(bool ok, const lima_err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

lima_client *connect_client(const harness *h)
{
    lima_client *client = NULL;
    lima_err err = {0};
    must(lima_client_connect(h->socket, patience(), &client, &err), &err);
    return client;
}

static char *make_folder(void)
{
    static unsigned number;
    lima_process_id own = {0};
    lima_process_find(0, &own);
    char *name = lima_mem_printf("lima rpc ü %u %u", own.pid, number++);
    char *folder = lima_path_join(lima_host_get()->temp, name);
    free(name);
    return folder;
}

int harness_setup(void **state)
{
    lima_err err = {0};
    harness *h = lima_mem_zalloc(1, sizeof *h);
    lima_log_set_level(LIMA_LOG_ERROR);
    scripted_reset();
    h->folder = make_folder();
    h->socket = lima_path_join(h->folder, "scripted.drv.sock");
    must(lima_dir_make(h->folder, LIMA_FILE_PRIVATE, &err), &err);
    h->controls = lima_controls_new(&scripted_driver, "scripted", "1.2.3", h->folder);
    h->deleted = lima_wake_new();
    lima_server_config config = {.controls = h->controls, .deleted = h->deleted};
    must(lima_listener_open(h->socket, &h->listener, &err), &err);
    must(lima_server_new(&config, &h->server, &err), &err);
    must(lima_server_listen(h->server, h->listener, &err), &err);
    h->client = connect_client(h);
    *state = h;
    return 0;
}

int harness_stop(harness *h, uint32_t grace_ms)
{
    bool ok = lima_server_stop(h->server, grace_ms);
    h->server = NULL;
    return ok ? 0 : -1;
}

int harness_teardown(void **state)
{
    harness *h = *state;
    lima_client_close(h->client);
    if (harness_stop(h, SCRIPTED_PATIENCE_MS))
        return -1;
    assert_string_equal(scripted_violation(), "");
    lima_listener_close(h->listener);
    lima_controls_free(h->controls);
    lima_wake_free(h->deleted);
    lima_dir_remove(h->folder, NULL);
    free(h->socket);
    free(h->folder);
    free(h);
    return 0;
}

void configure(lima_client *client, const harness *h)
{
    char *text =
        lima_mem_printf("{\"name\":\"dev\",\"dir\":\"%s\",\"sshLocalPort\":2222,\"config\":{}}", h->folder);
    call_expect(client, "Configure", text, LIMA_CODE_OK, NULL);
    free(text);
}

void call_expect(lima_client *client, const char *method, const char *request, lima_code code,
                 lima_json **ret)
{
    lima_json *json = NULL, *reply = NULL;
    lima_err err = {0};
    if (request)
        must(lima_json_parse(request, strlen(request), &json, &err), &err);
    bool ok = lima_client_call(client, method, json, patience(), NULL, &reply, &err);
    lima_code found = ok ? LIMA_CODE_OK : err.code;
    if (found != code)
        fail_msg("%s: %s instead of %s: %s", method, lima_code_name(found), lima_code_name(code), err.text);
    if (ret)
        *ret = reply;
    else
        lima_json_free(reply);
    lima_json_free(json);
}

void expect_event(lima_start_stream *stream, bool success, const char *error)
{
    lima_start_event event = {0};
    lima_err err = {0};
    must(lima_start_stream_next(stream, patience(), NULL, &event, &err), &err);
    assert_false(event.ended);
    assert_string_equal(event.error, error);
    assert_int_equal(event.success, success);
    lima_start_event_free(&event);
}

void expect_end(lima_start_stream *stream, lima_code code)
{
    lima_start_event event = {0};
    lima_err err = {0};
    must(lima_start_stream_next(stream, patience(), NULL, &event, &err), &err);
    assert_true(event.ended);
    assert_int_equal(event.code, code);
    lima_start_event_free(&event);
}
