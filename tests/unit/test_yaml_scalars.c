/* Which JSON value each scalar of YAML becomes. */
#include "yaml_check.h"

#include <stdio.h>

static void check_scalars(const char *const cases[][2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[128], expected[128];
        snprintf(text, sizeof text, "k: %s\n", cases[i][0]);
        snprintf(expected, sizeof expected, "{\"k\":%s}", cases[i][1]);
        check(text, expected);
    }
}
#define CHECK_SCALARS(cases) check_scalars(cases, sizeof(cases) / sizeof(cases)[0])

static void scalars__null_and_booleans(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"", "null"},         {"~", "null"},        {"null", "null"},       {"Null", "null"},
        {"NULL", "null"},     {"nULL", "\"nULL\""}, {"true", "true"},       {"True", "true"},
        {"TRUE", "true"},     {"false", "false"},   {"False", "false"},     {"FALSE", "false"},
        {"tRue", "\"tRue\""}, {"yes", "\"yes\""},   {"no", "\"no\""},       {"on", "\"on\""},
        {"off", "\"off\""},   {"y", "\"y\""},       {"'true'", "\"true\""}, {"\"~\"", "\"~\""},
    };
    CHECK_SCALARS(CASES);
}

static void scalars__integers(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"0", "0"},
        {"-0", "0"},
        {"+5", "5"},
        {"-5", "-5"},
        {"0x1fF", "511"},
        {"-0x10", "-16"},
        {"0o17", "15"},
        {"0b101", "5"},
        {"-0b11", "-3"},
        {"017", "15"},
        {"-012", "-10"},
        {"00", "0"},
        {"1_000", "1000"},
        {"0x1_0", "16"},
        {"1_", "1"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"18446744073709551615", "18446744073709551615"},
        {"0xFFFFFFFFFFFFFFFF", "18446744073709551615"},
    };
    CHECK_SCALARS(CASES);
}

static void scalars__that_only_look_like_integers(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"18446744073709551616", "\"18446744073709551616\""},
        {"-9223372036854775809", "\"-9223372036854775809\""},
        {"0x", "\"0x\""},
        {"0o", "\"0o\""},
        {"0b", "\"0b\""},
        {"0o8", "\"0o8\""},
        {"0b2", "\"0b2\""},
        {"08", "\"08\""},
        {"0X1f", "\"0X1f\""},
        {"0O7", "\"0O7\""},
        {"_1", "\"_1\""},
        {"--1", "\"--1\""},
        {"+", "\"+\""},
        {"1x", "\"1x\""},
        {"0xg", "\"0xg\""},
        {"1,000", "\"1,000\""},
        {"12:30:45", "\"12:30:45\""},
        {"2020-01-01", "\"2020-01-01\""},
        {"4GiB", "\"4GiB\""},
        {"1.2.3", "\"1.2.3\""},
        {"9f", "\"9f\""},
    };
    CHECK_SCALARS(CASES);
}

static void scalars__fractions__keep_their_digits(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"1.0", "1.0"},
        {"0.10", "0.10"},
        {"-1.50", "-1.50"},
        {"+1.5", "1.5"},
        {".5", "0.5"},
        {"-.5", "-0.5"},
        {"5.", "5.0"},
        {"007.50", "7.50"},
        {"0.", "0.0"},
        {"1_0.5_0", "10.50"},
        {"1.5e3", "1.5e3"},
        {"1.E-3", "1.0E-3"},
        {"1.5e+3", "1.5e+3"},
        {"1.5e", "\"1.5e\""},
        {"1.5e+", "\"1.5e+\""},
        {"1.5ex", "\"1.5ex\""},
        {"1e3", "\"1e3\""},
        {".", "\".\""},
        {"-.", "\"-.\""},
        {"0x1.8", "\"0x1.8\""},
        {"4294967296.0", "4294967296.0"},
        {"123456789012345678901234567890.5", "123456789012345678901234567890.5"},
    };
    CHECK_SCALARS(CASES);
}

static void scalars__strings(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"a b", "\"a b\""},
        {"'it''s'", "\"it's\""},
        {"\"a\\tb\\u00e4\"", "\"a\\tb\xC3\xA4\""},
        {"'5'", "\"5\""},
        {"\"\\0\"", "\"\\u0000\""},
        {"\"\\x01n1.5\"", "\"\\u0001n1.5\""},
        {"|\n  a\n  b\n", "\"a\\nb\\n\""},
        {">-\n  a\n  b\n", "\"a b\""},
        {"a#b # comment", "\"a#b\""},
        {"''", "\"\""},
        {"C:\\x", "\"C:\\\\x\""},
    };
    CHECK_SCALARS(CASES);
}

static void scalars__tags(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"!!str 5", "\"5\""},  {"! 5", "\"5\""},   {"!own 5", "\"5\""},      {"!!int \"5\"", "5"},
        {"!!int 0x1f", "31"},  {"!!float 5", "5"}, {"!!float '1.5'", "1.5"}, {"!!bool 'true'", "true"},
        {"!!null ''", "null"}, {"!!str", "\"\""},  {"!own [1]", "[1]"},      {"!!map {a: 1}", "{\"a\":1}"},
    };
    CHECK_SCALARS(CASES);
    check_fails("a: 1\nb: !!int x", LIMA_CODE_INVALID_ARGUMENT, "line 2, column 4: 'x' does not fit its tag");
    check_fails("!!bool 1", LIMA_CODE_INVALID_ARGUMENT, "line 1, column 1: '1' does not fit its tag");
    check_fails("!!null 1.5", LIMA_CODE_INVALID_ARGUMENT, "line 1, column 1: '1.5' does not fit its tag");
}

static void scalars__without_json_form__fail(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {".inf",  ".Inf", ".INF", "-.inf", "-.Inf",
                                        "-.INF", ".nan", ".NaN", ".NAN"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        char reason[64];
        snprintf(reason, sizeof reason, "line 1, column 1: %s cannot be written in JSON", TEXTS[i]);
        check_fails(TEXTS[i], LIMA_CODE_INVALID_ARGUMENT, reason);
    }
    check("[+.inf, .iNF]", "[\"+.inf\",\".iNF\"]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars__null_and_booleans),
        cmocka_unit_test(scalars__integers),
        cmocka_unit_test(scalars__that_only_look_like_integers),
        cmocka_unit_test(scalars__fractions__keep_their_digits),
        cmocka_unit_test(scalars__strings),
        cmocka_unit_test(scalars__tags),
        cmocka_unit_test(scalars__without_json_form__fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
