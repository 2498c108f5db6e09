#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* RFC 4648, section 10. */
static const char *const VECTORS[][2] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};
enum { VECTOR_COUNT = sizeof VECTORS / sizeof VECTORS[0] };

static void encode__test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        char *text = lima_base64_encode(VECTORS[i][0], strlen(VECTORS[i][0]));
        assert_string_equal(text, VECTORS[i][1]);
        free(text);
    }
}

static void check_decode(const char *text, const char *expected)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    lima_err err = {0};
    assert_true(lima_base64_decode(text, strlen(text), &bytes, &len, &err));
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(bytes, expected, len);
    free(bytes);
}

static void decode__test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++)
        check_decode(VECTORS[i][1], VECTORS[i][0]);
}

static void decode__line_breaks__are_ignored_anywhere(void **state)
{
    (void)state;
    check_decode("\r\nZm\n9v\r\nY\ng=\n=\r\n", "foob");
}

static void decode__left_over_bits__are_ignored(void **state)
{
    (void)state;
    check_decode("Zh==", "f");
}

static void check_fails(const char *text, const char *reason)
{
    uint8_t *bytes = NULL;
    size_t len = 77;
    lima_err err = {0};
    assert_false(lima_base64_decode(text, strlen(text), &bytes, &len, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(err.text, reason));
    assert_null(bytes);
    assert_int_equal(len, 77);
}

static void decode__malformed__fails(void **state)
{
    (void)state;
    static const char *const SHORT[] = {"Z", "Zg", "Zg=", "Zm8", "Zm9vY"};
    for (size_t i = 0; i < sizeof SHORT / sizeof SHORT[0]; i++)
        check_fails(SHORT[i], "ends within");
    check_fails("=", "offset 0");
    check_fails("Z===", "0x3D at offset 1");
    check_fails("Zg=a", "0x61 at offset 3");
    check_fails("Zg==Zg==", "offset 4");
    check_fails("Zg===", "offset 4");
    check_fails("Zm9v Zm9v", "0x20 at offset 4");
    check_fails("Zm-v", "0x2D at offset 2");
    check_fails("\xC3\xA4", "0xC3 at offset 0");
}

static void decode__nul_byte__fails(void **state)
{
    (void)state;
    uint8_t *bytes;
    size_t len;
    assert_false(lima_base64_decode("Zm9\0", 4, &bytes, &len, NULL));
}

static void round_trip__all_lengths_and_bytes(void **state)
{
    (void)state;
    uint8_t in[260], *out;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 167);
    for (size_t len = 0; len <= sizeof in; len++) {
        size_t out_len = 0;
        char *text = lima_base64_encode(in, len);
        assert_int_equal(strlen(text), (len + 2) / 3 * 4);
        assert_true(lima_base64_decode(text, strlen(text), &out, &out_len, NULL));
        assert_int_equal(out_len, len);
        assert_memory_equal(out, in, len);
        free(out);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode__test_vectors),
        cmocka_unit_test(decode__test_vectors),
        cmocka_unit_test(decode__line_breaks__are_ignored_anywhere),
        cmocka_unit_test(decode__left_over_bits__are_ignored),
        cmocka_unit_test(decode__malformed__fails),
        cmocka_unit_test(decode__nul_byte__fails),
        cmocka_unit_test(round_trip__all_lengths_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
