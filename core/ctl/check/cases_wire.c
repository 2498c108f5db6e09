/* The wire: HTTP/2, gRPC and protobuf as limactl's client speaks them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/check/cases.h"
#include "ctl/check/http2.h"

enum {
    CLIENTS = 32,
    LARGE = 12 * 1024 * 1024,
    OVER_LIMIT = 20 * 1024 * 1024,
    CALLS = 500,
    REQUEST_MAX = 256 * 1024
};

static bool unimplemented(lima_check *check, const char *path, lima_err *err)
{
    lima_buf answer = LIMA_BUF(1024);
    lima_err got = {0};
    if (!lima_check_serve(check, err))
        return false;
    bool ok = lima_client_call_raw(lima_check_main(check), path, NULL, 0,
                                   lima_check_in(check, LIMA_CHECK_CALL_MS), NULL, &answer, &got);
    lima_buf_free(&answer);
    return lima_check_that(!ok && got.code == LIMA_CODE_UNIMPLEMENTED, err,
                           "%s was answered with %s, not UNIMPLEMENTED", path,
                           ok ? "OK" : lima_code_name(got.code))
           && lima_check_alive(check, err);
}

static bool unknown_method(lima_check *check, lima_err *err)
{
    return unimplemented(check, "/Driver/NoSuchMethod", err);
}

static bool unknown_service(lima_check *check, lima_err *err)
{
    return unimplemented(check, "/no.such.Service/Info", err);
}

/* Those without which an instance cannot live; the others may be unsupported. What else may be wrong with
 * them is for other cases. */
static bool methods_exist(lima_check *check, lima_err *err)
{
    static const char *const needed[] = {
        "Info", "Validate", "Create", "BootScripts", "ForwardGuestAgent", "GuestAgentConn", "Stop", "Delete"};
    if (!lima_check_serve_configured(check, err))
        return false;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        lima_err got = {0};
        bool ok = lima_check_call(check, needed[i], NULL, NULL, &got);
        if (!lima_check_that(ok || got.code != LIMA_CODE_UNIMPLEMENTED, err, "%s is not implemented",
                             needed[i]))
            return false;
    }
    return true;
}

/* ---- sizes ---- */

static bool large_instance(lima_check *check, lima_err *err)
{
    char *script = lima_mem_zalloc(LARGE + 1, 1);
    memset(script, 'x', LARGE);
    lima_json_set_str(lima_check_instance(check), "system", "config.provision[0].mode");
    lima_json_set_str(lima_check_instance(check), script, "config.provision[0].script");
    bool ok = lima_check_serve(check, err)
              && (lima_check_configure(check, NULL, err) || lima_err_wrap(err, "an Instance of 12 MiB"))
              && lima_check_alive(check, err);
    free(script);
    return ok;
}

static bool oversized_message(lima_check *check, lima_err *err)
{
    char *bytes = lima_mem_zalloc(OVER_LIMIT, 1);
    lima_err got = {0};
    bool ok = lima_check_serve(check, err);
    if (ok) {
        bool taken = lima_check_configure_bytes(check, bytes, OVER_LIMIT, NULL, &got);
        ok = lima_check_that(!taken, err, "a message of 20 MiB was accepted")
             && lima_check_that(got.code != LIMA_CODE_DEADLINE_EXCEEDED, err,
                                "a message of 20 MiB was not answered in time")
             && lima_check_alive(check, err);
    }
    free(bytes);
    return ok;
}

/* ---- messages ---- */

static bool skips_unknown_fields(lima_check *check, lima_err *err)
{
    static const char field_15[] = "\x78\x2a"; /* varint 42 */
    lima_buf answer = LIMA_BUF(1024 * 1024);
    bool ok = lima_check_serve(check, err)
              && (lima_client_call_raw(lima_check_main(check), "/Driver/Info", field_15, 2,
                                       lima_check_in(check, LIMA_CHECK_CALL_MS), NULL, &answer, err)
                  || lima_err_wrap(err, "Info with a field of a newer client"));
    lima_buf_free(&answer);
    return ok;
}

static bool malformed_message(lima_check *check, lima_err *err)
{
    static const char bytes[] = "\x0a\xff\xff\xff\xff\x0f"; /* a field that claims 4 GiB */
    lima_buf answer = LIMA_BUF(1024);
    lima_err got = {0};
    if (!lima_check_serve(check, err))
        return false;
    bool ok = lima_client_call_raw(lima_check_main(check), "/Driver/Configure", bytes, sizeof bytes - 1,
                                   lima_check_in(check, LIMA_CHECK_CALL_MS), NULL, &answer, &got);
    lima_buf_free(&answer);
    return lima_check_refused(ok, &got, "Configure with bytes that are no message", err)
           && lima_check_alive(check, err);
}

static bool errors_have_text(lima_check *check, lima_err *err)
{
    lima_err got = {0};
    if (!lima_check_serve(check, err))
        return false;
    bool ok = lima_check_configure_bytes(check, "{", 1, NULL, &got);
    return lima_check_refused(ok, &got, "Configure with a truncated document", err)
           && lima_check_that(got.text[0] && strcmp(got.text, lima_code_name(got.code)) != 0, err,
                              "the error has no text");
}

/* ---- connections ---- */

static bool many_clients(lima_check *check, lima_err *err)
{
    lima_client *client[CLIENTS];
    lima_json *info = NULL;
    bool ok = lima_check_serve(check, err);
    for (size_t i = 0; ok && i < CLIENTS; i++)
        ok = lima_check_client(check, NULL, &client[i], err);
    for (size_t i = 0; ok && i < CLIENTS; i++) {
        ok = lima_client_call(client[CLIENTS - 1 - i], "Info", NULL, lima_check_in(check, LIMA_CHECK_CALL_MS),
                              NULL, &info, err)
             || lima_err_wrap(err, "with %d clients connected", CLIENTS);
        if (ok)
            lima_json_free(info);
    }
    return ok;
}

static bool many_calls(lima_check *check, lima_err *err)
{
    bool ok = lima_check_serve(check, err);
    for (int i = 0; ok && i < CALLS; i++)
        ok = lima_check_call(check, "Info", NULL, NULL, err)
             || lima_err_wrap(err, "call %d of %d", i + 1, CALLS);
    return ok;
}

static bool open_by_hand(lima_check *check, lima_stream **ret, lima_err *err)
{
    lima_buf opening = LIMA_BUF(REQUEST_MAX);
    lima_http2_add_opening(&opening);
    bool ok = lima_check_stream(check, ret, err)
              && lima_stream_write(*ret, opening.data, opening.len, lima_check_in(check, LIMA_CHECK_CALL_MS),
                                   NULL, err);
    lima_buf_free(&opening);
    return ok;
}

static bool answers_settings(lima_check *check, lima_err *err)
{
    lima_stream *stream;
    return lima_check_serve(check, err) && open_by_hand(check, &stream, err)
           && (lima_http2_wait(stream, LIMA_HTTP2_SETTINGS, 0, NULL, lima_check_in(check, LIMA_CHECK_CALL_MS),
                               err)
               || lima_err_wrap(err, "waiting for SETTINGS"));
}

static bool answers_ping(lima_check *check, lima_err *err)
{
    lima_stream *stream;
    lima_buf ping = LIMA_BUF(64);
    lima_http2_add_frame(&ping, LIMA_HTTP2_PING, 0, 0, "\2\4\x10\x10\x9\xe\7\7", 8);
    bool ok =
        lima_check_serve(check, err) && open_by_hand(check, &stream, err)
        && lima_stream_write(stream, ping.data, ping.len, lima_check_in(check, LIMA_CHECK_CALL_MS), NULL, err)
        && (lima_http2_wait(stream, LIMA_HTTP2_PING, LIMA_HTTP2_ACK, NULL,
                            lima_check_in(check, LIMA_CHECK_CALL_MS), err)
            || lima_err_wrap(err, "waiting for the answer to a PING"));
    lima_buf_free(&ping);
    return ok;
}

/* Info by hand with that authority and user agent; the answer is one gRPC message. */
static bool info_by_hand(lima_check *check, const char *authority, const char *user_agent, lima_err *err)
{
    const lima_http2_request request = {
        .path = "/Driver/Info", .authority = authority, .user_agent = user_agent};
    lima_buf call = LIMA_BUF(REQUEST_MAX), data = LIMA_BUF(1024 * 1024);
    lima_stream *stream;
    lima_http2_add_call(&call, &request);
    bool ok =
        open_by_hand(check, &stream, err)
        && lima_stream_write(stream, call.data, call.len, lima_check_in(check, LIMA_CHECK_CALL_MS), NULL, err)
        && lima_http2_wait(stream, LIMA_HTTP2_HEADERS, LIMA_HTTP2_END_STREAM, &data,
                           lima_check_in(check, LIMA_CHECK_CALL_MS), err)
        && lima_check_that(data.len > 5, err, "no message in the answer");
    lima_buf_free(&call);
    lima_buf_free(&data);
    return ok || lima_err_wrap(err, "Info with authority '%s', user agent '%s'", authority, user_agent);
}

static bool any_authority(lima_check *check, lima_err *err)
{
    return lima_check_serve(check, err) && info_by_hand(check, "localhost", "grpc-go/1.82.0", err)
           && info_by_hand(check, "unix:%2F%2FC:%5CUsers%5Cx%5C.lima%5Cdefault%5Cx.drv.sock",
                           "grpc-go/1.82.0", err);
}

static bool every_user_agent(lima_check *check, lima_err *err)
{
    static const char *const agents[] = {"grpc-go/1.76.0",    "grpc-go/1.77.0",   "grpc-go/1.78.0",
                                         "grpc-go/1.79.2",    "grpc-go/1.81.1",   "grpc-go/1.82.0",
                                         "grpc-go/9.0.0-dev", "grpc-python/1.60", "x"};
    bool ok = lima_check_serve(check, err);
    for (size_t i = 0; ok && i < sizeof agents / sizeof *agents; i++)
        ok = info_by_hand(check, "localhost", agents[i], err);
    return ok;
}

const lima_check_case lima_check_wire_cases[] = {
    {"wire/unknown-method-is-unimplemented", "newer limactl releases find out by it what a driver can do",
     "3.3", "answer methods you do not know with status UNIMPLEMENTED (12)", 0, unknown_method},
    {"wire/unknown-service-is-unimplemented",
     "the service is called Driver, without a package; another name is another service", "3.1",
     "answer other services with status UNIMPLEMENTED (12)", 0, unknown_service},
    {"wire/methods-exist", "limactl calls these for every instance and gives up when one is missing",
     "3.3, 3.4", "implement the method; where there is nothing to do, succeed", 0, methods_exist},
    {"wire/large-instance", "provisioning scripts are part of the Instance, and limactl sends up to 16 MiB",
     "2.5, 3.1", "raise the receive limit of the gRPC server (4 MiB by default) to 16 MiB", 0,
     large_instance},
    {"wire/oversized-message-is-refused", "a client must not be able to fill the host's memory", "2.5",
     "keep a receive limit; 16 MiB is what limactl uses", 0, oversized_message},
    {"wire/skips-unknown-fields", "a newer client may add fields to a message; proto3 says they are skipped",
     "3.1", "decode with a protobuf library, not by fixed length", 0, skips_unknown_fields},
    {"wire/malformed-message-is-refused",
     "bytes that are no message must end in an error of that call, not of the server", "3.1",
     "check lengths before reading; answer with an error status", 0, malformed_message},
    {"wire/errors-have-text", "limactl shows the user nothing but the status text", "3.1",
     "put object, cause and next step into the status message", 0, errors_have_text},
    {"wire/many-clients", "in 2.2 every limactl command and the host agent are clients of one server at once",
     "3.5", "accept and serve connections side by side", 0, many_clients},
    {"wire/many-calls", "the host agent calls for as long as the VM lives", "3.4",
     "free what a call has used when it ends", 0, many_calls},
    {"wire/sends-settings", "grpc-go gives up on a server that does not send SETTINGS", "3.1",
     "speak HTTP/2 with prior knowledge, without TLS", 0, answers_settings},
    {"wire/answers-ping", "grpc-go probes bandwidth with PINGs that must be acknowledged", "3.1",
     "acknowledge PING frames", 0, answers_ping},
    {"wire/any-authority", "limactl sends 'localhost' on POSIX and an encoded socket path on Windows", "3.1",
     "do not look at :authority", 0, any_authority},
    {"wire/every-user-agent",
     "each release of limactl names another version of grpc-go, and other clients name themselves", "2.8",
     "take unknown user agents for the newest release", 0, every_user_agent},
    {0},
};
