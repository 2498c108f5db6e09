#include "calls.h"

#include <string.h>

lima_deadline patience(void)
{
    return lima_clock_in(SCRIPTED_PATIENCE_MS);
}

void must(bool ok, const lima_err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
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

lima_start_stream *start(lima_client *client)
{
    lima_start_stream *stream = NULL;
    lima_err err = {0};
    must(lima_client_start(client, &stream, &err), &err);
    return stream;
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
