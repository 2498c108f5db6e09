#include "lima_test.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum { UNTOUCHED = 77 };

static void check_u64(const char *text, lima_code code, uint64_t expected)
{
    lima_err err = {0};
    uint64_t number = UNTOUCHED;
    assert_int_equal(lima_parse_u64(text, &number, &err), code == LIMA_CODE_OK);
    assert_int_equal(err.code, code);
    assert_int_equal(number, code == LIMA_CODE_OK ? expected : UNTOUCHED);
}

static void u64__whole_range_and_nothing_else(void **state)
{
    (void)state;
    check_u64("0", LIMA_CODE_OK, 0);
    check_u64("007", LIMA_CODE_OK, 7);
    check_u64("18446744073709551615", LIMA_CODE_OK, UINT64_MAX);
    check_u64("18446744073709551616", LIMA_CODE_OUT_OF_RANGE, 0);
    check_u64("99999999999999999999999999", LIMA_CODE_OUT_OF_RANGE, 0);
    static const char *const BAD[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1.0", "1e3", "\xD9\xA1"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        check_u64(BAD[i], LIMA_CODE_INVALID_ARGUMENT, 0);
}

static void u32__whole_range(void **state)
{
    (void)state;
    uint32_t number = UNTOUCHED;
    lima_err err = {0};
    assert_true(lima_parse_u32("4294967295", &number, &err));
    assert_int_equal(number, UINT32_MAX);
    assert_false(lima_parse_u32("4294967296", &number, &err));
    assert_int_equal(err.code, LIMA_CODE_OUT_OF_RANGE);
    assert_non_null(strstr(err.text, "4294967295"));
    assert_false(lima_parse_u32("x", &number, NULL));
    assert_int_equal(number, UINT32_MAX);
}

static void check_i64(const char *text, lima_code code, int64_t expected)
{
    lima_err err = {0};
    int64_t number = UNTOUCHED;
    assert_int_equal(lima_parse_i64(text, &number, &err), code == LIMA_CODE_OK);
    assert_int_equal(err.code, code);
    assert_true(number == (code == LIMA_CODE_OK ? expected : UNTOUCHED));
}

static void i64__whole_range(void **state)
{
    (void)state;
    check_i64("9223372036854775807", LIMA_CODE_OK, INT64_MAX);
    check_i64("-9223372036854775808", LIMA_CODE_OK, INT64_MIN);
    check_i64("-9223372036854775807", LIMA_CODE_OK, -INT64_MAX);
    check_i64("-0", LIMA_CODE_OK, 0);
    check_i64("9223372036854775808", LIMA_CODE_OUT_OF_RANGE, 0);
    check_i64("-9223372036854775809", LIMA_CODE_OUT_OF_RANGE, 0);
    check_i64("-", LIMA_CODE_INVALID_ARGUMENT, 0);
    check_i64("--1", LIMA_CODE_INVALID_ARGUMENT, 0);
    check_i64("", LIMA_CODE_INVALID_ARGUMENT, 0);
}

/* What is printed is read back, over the whole range of magnitudes. */
static void i64__printed_numbers__come_back(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (int i = 0; i < 5000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        int64_t number = (int64_t)(seed >> (i % 64)) * (i % 2 ? 1 : -1);
        char text[32];
        snprintf(text, sizeof text, "%" PRId64, number);
        check_i64(text, LIMA_CODE_OK, number);
    }
}

static void check_size(const char *text, lima_code code, uint64_t expected)
{
    lima_err err = {0};
    uint64_t size = UNTOUCHED;
    assert_int_equal(lima_parse_size(text, &size, &err), code == LIMA_CODE_OK);
    assert_int_equal(err.code, code);
    assert_true(size == (code == LIMA_CODE_OK ? expected : UNTOUCHED));
}

static void size__units_are_powers_of_1024(void **state)
{
    (void)state;
    static const char *const FORMS[] = {"%s", "%sb", "%sB", "%sib", "%siB", " %s", " %sib"};
    static const char *const LETTERS[] = {"k", "K", "m", "M", "g", "G", "t", "T", "p", "P"};
    for (size_t letter = 0; letter < 10; letter++) {
        for (size_t form = 0; form < sizeof FORMS / sizeof FORMS[0]; form++) {
            char unit[16], text[32];
            snprintf(unit, sizeof unit, FORMS[form], LETTERS[letter]);
            snprintf(text, sizeof text, "3%s", unit);
            check_size(text, LIMA_CODE_OK, 3ull << (10 * (letter / 2 + 1)));
        }
    }
    check_size("123", LIMA_CODE_OK, 123);
    check_size("123b", LIMA_CODE_OK, 123);
    check_size("123 B", LIMA_CODE_OK, 123);
    check_size("123 ", LIMA_CODE_OK, 123);
    check_size("0", LIMA_CODE_OK, 0);
}

static void size__fractions_are_exact_and_cut(void **state)
{
    (void)state;
    check_size("1.5GiB", LIMA_CODE_OK, 1610612736);
    check_size("0.1k", LIMA_CODE_OK, 102);
    check_size(".5k", LIMA_CODE_OK, 512);
    check_size("5.k", LIMA_CODE_OK, 5120);
    check_size("1.9", LIMA_CODE_OK, 1);
    check_size("1.1GiB", LIMA_CODE_OK, 1181116006);
    check_size("0.9999999999999999999999999999999999999999999k", LIMA_CODE_OK, 1023);
    check_size("0.00000000000000088817841970012523233890533447265625p", LIMA_CODE_OK, 1); /* 2^-50 */
    check_size("0.00000000000000088817841970012523233890533447265624p", LIMA_CODE_OK, 0);
}

static void size__too_large__is_out_of_range(void **state)
{
    (void)state;
    check_size("9223372036854775807", LIMA_CODE_OK, INT64_MAX);
    check_size("8191.99p", LIMA_CODE_OK, 9223360777855707381);
    check_size("9223372036854775808", LIMA_CODE_OUT_OF_RANGE, 0);
    check_size("8192p", LIMA_CODE_OUT_OF_RANGE, 0);
    check_size("9007199254740992k", LIMA_CODE_OUT_OF_RANGE, 0);
    check_size("99999999999999999999g", LIMA_CODE_OUT_OF_RANGE, 0);
}

static void size__malformed__names_the_text(void **state)
{
    (void)state;
    static const char *const BAD[] = {"",     "b",   "GiB",   "-1",    "+1", "1e", "1kk",  "1ki",   "1bk",
                                      "1  k", " 1k", "1.2.3", "1 000", ".",  ".k", "0x10", "1kib ", "1e3"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        check_size(BAD[i], LIMA_CODE_INVALID_ARGUMENT, 0);
    lima_err err = {0};
    uint64_t size;
    lima_parse_size("4 GiBytes", &size, &err);
    assert_string_equal(err.text, "'4 GiBytes' is not a size such as 4GiB, 512MiB or 1.5g");
}

static void check_version(const char *text, uint32_t major, uint32_t minor, uint32_t patch)
{
    lima_version version = {0};
    lima_err err = {0};
    assert_true(lima_parse_version(text, &version, &err));
    assert_int_equal(version.major, major);
    assert_int_equal(version.minor, minor);
    assert_int_equal(version.patch, patch);
}

static void version__is_found_in_text(void **state)
{
    (void)state;
    check_version("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)", 7, 2, 22);
    check_version("v2.1", 2, 1, 0);
    check_version("2.1.", 2, 1, 0);
    check_version("2.1.x", 2, 1, 0);
    check_version("2.1.3.4", 2, 1, 3);
    check_version("arm64 4294967295.0.1", UINT32_MAX, 0, 1);
    check_version("2 3. .4 5.6", 5, 6, 0);
}

static void version__none_or_too_large__fails(void **state)
{
    (void)state;
    lima_version version = {1, 2, 3};
    lima_err err = {0};
    assert_false(lima_parse_version("no version 7", &version, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_false(lima_parse_version("", &version, NULL));
    assert_false(lima_parse_version("4294967296.1", &version, &err));
    assert_int_equal(err.code, LIMA_CODE_OUT_OF_RANGE);
    assert_false(lima_parse_version("1.2.99999999999999999999", &version, &err));
    assert_int_equal(version.major, 1);
    assert_int_equal(version.patch, 3);
}

static void version_cmp__orders_by_number(void **state)
{
    (void)state;
    static const lima_version ORDERED[] = {{0, 0, 9}, {0, 1, 0}, {2, 0, 3}, {2, 1, 0}, {2, 1, 1}, {10, 0, 0}};
    for (int a = 0; a < 6; a++)
        for (int b = 0; b < 6; b++) {
            int order = lima_version_cmp(ORDERED[a], ORDERED[b]);
            assert_true(a < b ? order < 0 : a > b ? order > 0 : order == 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u64__whole_range_and_nothing_else),
        cmocka_unit_test(u32__whole_range),
        cmocka_unit_test(i64__whole_range),
        cmocka_unit_test(i64__printed_numbers__come_back),
        cmocka_unit_test(size__units_are_powers_of_1024),
        cmocka_unit_test(size__fractions_are_exact_and_cut),
        cmocka_unit_test(size__too_large__is_out_of_range),
        cmocka_unit_test(size__malformed__names_the_text),
        cmocka_unit_test(version__is_found_in_text),
        cmocka_unit_test(version__none_or_too_large__fails),
        cmocka_unit_test(version_cmp__orders_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
