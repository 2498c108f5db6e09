/* Health and reflection by their bytes; tests/interop asks them through clients of others. */
#include "lima_test.h"

#include <string.h>

#include "rpc/health.h"
#include "rpc/reflection.h"

enum { REPLY_MAX = 1024 * 1024 };

static bool ask(const lima_service *service, size_t method, const char *request, size_t len, lima_buf *reply,
                lima_err *err)
{
    *reply = LIMA_BUF(REPLY_MAX);
    return service->methods[method].answer(request, len, reply, err);
}

static bool holds(const lima_buf *reply, const char *text)
{
    for (size_t at = 0; at + strlen(text) <= reply->len; at++)
        if (memcmp(reply->data + at, text, strlen(text)) == 0)
            return true;
    return false;
}

static void reflect(const char *request, const char *text, bool wanted)
{
    lima_buf reply;
    assert_true(ask(&lima_reflection_service, 0, request, strlen(request), &reply, NULL));
    assert_int_equal(holds(&reply, text), wanted);
    lima_buf_free(&reply);
}

static void health__known_and_no_service__serving(void **state)
{
    static const char *const requests[] = {"",
                                           ("\x0a\x06"
                                            "Driver"),
                                           "\x0a\x15grpc.health.v1.Health"};
    lima_buf reply;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_true(ask(&lima_health_service, 0, requests[i], strlen(requests[i]), &reply, NULL));
        assert_int_equal(reply.len, 2);
        assert_memory_equal(reply.data, "\x08\x01", 2);
        lima_buf_free(&reply);
    }
}

static void health__unknown_service__check_not_found_and_watch_says_so(void **state)
{
    static const char request[] = "\x0a\x06nobody";
    lima_buf reply;
    lima_err err = {0};
    (void)state;
    assert_false(ask(&lima_health_service, 0, request, 8, &reply, &err));
    assert_int_equal(err.code, LIMA_CODE_NOT_FOUND);
    lima_buf_free(&reply);
    assert_true(ask(&lima_health_service, 1, request, 8, &reply, &err));
    assert_memory_equal(reply.data, "\x08\x03", 2);
    lima_buf_free(&reply);
}

static void both__garbage_or_too_long__invalid_argument(void **state)
{
    static char long_request[5000] = "\x0a\x85\x27"; /* a text of 4997 bytes */
    const lima_service *const services[] = {&lima_health_service, &lima_reflection_service};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        lima_buf reply;
        lima_err err = {0};
        assert_false(ask(services[i], 0, "\x0a\x7fx", 3, &reply, &err));
        assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
        assert_false(ask(services[i], 0, long_request, sizeof long_request, &reply, &err));
        assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
        lima_buf_free(&reply);
    }
}

static void reflection__list__has_all_services(void **state)
{
    (void)state;
    reflect("\x3a\x01*", "Driver", true);
    reflect("\x3a\x01*", "grpc.health.v1.Health", true);
    reflect("\x3a\x01*", "grpc.reflection.v1.ServerReflection", true);
}

static void reflection__symbols__found_by_full_name_only(void **state)
{
    (void)state;
    reflect("\x22\x06"
            "Driver",
            "SetConfigRequest", true);
    reflect("\x22\x0b"
            "Driver.Info",
            "SetConfigRequest", true);
    reflect("\x22\x16InfoResponse.info_json", "SetConfigRequest", true);
    reflect("\x22\x21grpc.health.v1.HealthCheckRequest", "HealthCheckResponse", true);
    reflect("\x22\x05"
            "Drive",
            "no symbol 'Drive' here", true);
    reflect("\x22\x0a"
            "Driver.Inf",
            "no symbol", true);
    reflect("\x22\x06Health", "no symbol", true);
    reflect("\x22\x0egrpc.health.v1", "no symbol", true);
}

static void reflection__file_names__found_or_not(void **state)
{
    (void)state;
    reflect("\x1a\x1bgoogle/protobuf/empty.proto", "google.protobuf", true);
    reflect("\x1a\x07no/file", "no file 'no/file' here", true);
    reflect("\x1a\x07no/file", "SetConfigRequest", false);
}

static void reflection__extensions__not_found(void **state)
{
    (void)state;
    reflect("\x32\x06"
            "Driver",
            "no extension", true);
    reflect("", "no extension", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health__known_and_no_service__serving),
        cmocka_unit_test(health__unknown_service__check_not_found_and_watch_says_so),
        cmocka_unit_test(both__garbage_or_too_long__invalid_argument),
        cmocka_unit_test(reflection__list__has_all_services),
        cmocka_unit_test(reflection__symbols__found_by_full_name_only),
        cmocka_unit_test(reflection__file_names__found_or_not),
        cmocka_unit_test(reflection__extensions__not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
