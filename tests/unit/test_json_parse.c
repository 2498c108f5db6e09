#include "json_check.h"

#include <stdio.h>

static void parse__numbers__stay_digit_for_digit(void **state)
{
    (void)state;
    static const char *const NUMBERS[] = {
        "0",
        "-1",
        "4294967296",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "123456789012345678901234567890",
        "-0",
        "0.0",
        "-0.0",
        "1.0",
        "0.10",
        "4294967296.0",
        "1e2",
        "1E+2",
        "1e-2",
        "1e400",
        "-1.50e-400",
        "3.141592653589793238462643383279502884197",
    };
    for (size_t i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++) {
        char text[256];
        check_same(NUMBERS[i]);
        snprintf(text, sizeof text, "{\"a\":%s,\"b\":[%s,%s],\"%s\":{}}", NUMBERS[i], NUMBERS[i], NUMBERS[i],
                 NUMBERS[i]);
        check_same(text);
    }
}

static void parse__strings__stay(void **state)
{
    (void)state;
    check_same("\"\"");
    check_same("\"a/b\"");
    check_same("\"\\\"\\\\\\b\\f\\n\\r\\t\"");
    check_same("\"\\u0000\"");
    check_same("\"a\\u0000b\"");
    check_same("\"\\u001F\"");
    check_same("\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\"");
    check_same("{\"\":1,\" \":2,\"a.b[0]\\\"\":3}");
}

/* Strings that look like stored numbers, or like stored strings that look like stored numbers. */
static void parse__strings_like_the_mark__stay(void **state)
{
    (void)state;
    static const char *const BODIES[] = {
        "\\u0001",          "\\u0001n", "\\u0001n1.5", "\\u0001s",         "\\u0001sn",
        "\\u0001\\u0001n1", "\\u0001x", "n1.5",        "\\u0001n1\\u0000", "\\u0000\\u0001n1",
    };
    for (size_t i = 0; i < sizeof BODIES / sizeof BODIES[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "\"%s\"", BODIES[i]);
        check_same(text);
        if (!strstr(BODIES[i], "0000")) {
            snprintf(text, sizeof text, "{\"%s\":\"%s\",\"a\":[\"%s\",1.5,{\"%s\":-0}]}", BODIES[i],
                     BODIES[i], BODIES[i], BODIES[i]);
            check_same(text);
        }
    }
}

static void parse__containers__keep_order(void **state)
{
    (void)state;
    check_same("{}");
    check_same("[]");
    check_same("{\"z\":1,\"a\":{\"y\":null,\"b\":[true,false,[],{}]}}");
}

static void check_becomes(const char *text, const char *expected)
{
    lima_json *json = NULL;
    assert_true(lima_json_parse(text, strlen(text), &json, NULL));
    char *printed = lima_json_print(json);
    assert_string_equal(printed, expected);
    free(printed);
    lima_json_free(json);
}

static void parse__other_spellings__are_normalised(void **state)
{
    (void)state;
    check_becomes(" \t\r\n{ \"a\" : [ 1 , 2.50 ] }\n", "{\"a\":[1,2.50]}");
    check_becomes("\"\\u00e4\\u20AC\\ud83d\\uDE00\\/\"", "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80/\"");
    check_becomes("{\"a\":1,\"b\":2,\"a\":3.0}", "{\"a\":3.0,\"b\":2}"); /* the last one wins */
}

static void check_fails(const char *text, lima_code code, const char *reason)
{
    lima_json *json = NULL;
    lima_err err = {0};
    size_t len = strlen(text);
    char *exact = malloc(len ? len : 1);
    memcpy(exact, text, len);
    assert_false(lima_json_parse(exact, len, &json, &err));
    assert_int_equal(err.code, code);
    assert_string_equal(err.text, reason);
    assert_null(json);
    free(exact);
}

static void parse__malformed__tells_place_and_reason(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"", "line 1, column 1 (byte 0): expected a value, but the text ends"},
        {" \n ", "line 2, column 2 (byte 3): expected a value, but the text ends"},
        {"[1,", "line 1, column 4 (byte 3): expected a value, but the text ends"},
        {"[1,]", "line 1, column 4 (byte 3): expected a value, found ']'"},
        {"[1 2]", "line 1, column 4 (byte 3): expected ',' or ']', found '2'"},
        {"[1", "line 1, column 3 (byte 2): expected ',' or ']', but the text ends"},
        {"{\"a\" 1}", "line 1, column 6 (byte 5): expected ':', found '1'"},
        {"{\"a\":1,}", "line 1, column 8 (byte 7): expected a key in double quotes, found '}'"},
        {"{a:1}", "line 1, column 2 (byte 1): expected a key in double quotes, found 'a'"},
        {"{\"a\":1]", "line 1, column 7 (byte 6): expected ',' or '}', found ']'"},
        {"1 2", "line 1, column 3 (byte 2): expected nothing after the value, found '2'"},
        {"{}\n,", "line 2, column 1 (byte 3): expected nothing after the value, found ','"},
        {"NaN", "line 1, column 1 (byte 0): expected a value, found 'N'"},
        {"Infinity", "line 1, column 1 (byte 0): expected a value, found 'I'"},
        {"nul", "line 1, column 1 (byte 0): expected a value, found 'n'"},
        {"truE", "line 1, column 1 (byte 0): expected a value, found 't'"},
        {"'a'", "line 1, column 1 (byte 0): expected a value, found '''"},
        {"// x", "line 1, column 1 (byte 0): expected a value, found '/'"},
        {"01", "line 1, column 2 (byte 1): expected nothing after the value, found '1'"},
        {"-", "line 1, column 2 (byte 1): expected a digit, but the text ends"},
        {"+1", "line 1, column 1 (byte 0): expected a value, found '+'"},
        {".5", "line 1, column 1 (byte 0): expected a value, found '.'"},
        {"1.", "line 1, column 3 (byte 2): expected a digit, but the text ends"},
        {"1.e5", "line 1, column 3 (byte 2): expected a digit, found 'e'"},
        {"1e", "line 1, column 3 (byte 2): expected a digit, but the text ends"},
        {"1e+-1", "line 1, column 4 (byte 3): expected a digit, found '-'"},
        {"0x10", "line 1, column 2 (byte 1): expected nothing after the value, found 'x'"},
        {"\xEF\xBB\xBF{}", "line 1, column 1 (byte 0): expected a value, found the byte 0xEF"},
        {"{\n  \"\xC3\xA4\": ?}", "line 2, column 8 (byte 10): expected a value, found '?'"},
        {"[1.50,-0,?]", "line 1, column 10 (byte 9): expected a value, found '?'"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        check_fails(CASES[i][0], LIMA_CODE_INVALID_ARGUMENT, CASES[i][1]);
}

static void parse__malformed_strings__tell_place_and_reason(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"[\"abc", "line 1, column 2 (byte 1): the string that begins here is not closed"},
        {"\"\\\"", "line 1, column 1 (byte 0): the string that begins here is not closed"},
        {"\"\\", "line 1, column 3 (byte 2): expected one of \" \\ / b f n r t u after a backslash, but the "
                 "text ends"},
        {"\"\\x\"",
         "line 1, column 3 (byte 2): expected one of \" \\ / b f n r t u after a backslash, found 'x'"},
        {"\"\\u12g4\"", "line 1, column 6 (byte 5): expected four hexadecimal digits after \\u, found 'g'"},
        {"\"\\u12",
         "line 1, column 6 (byte 5): expected four hexadecimal digits after \\u, but the text ends"},
        {"\"a\tb\"",
         "line 1, column 3 (byte 2): a string holds the control byte 0x09; it must be written as \\u0009"},
        {"\"a\nb\"",
         "line 1, column 3 (byte 2): a string holds the control byte 0x0A; it must be written as \\u000a"},
        {"\"\xC3\xA4\xFF\"", "line 1, column 3 (byte 3): the byte 0xFF is not UTF-8"},
        {"\"\xED\xA0\x80\"", "line 1, column 2 (byte 1): the byte 0xED is not UTF-8"},
        {"\"\xC3", "line 1, column 2 (byte 1): the byte 0xC3 is not UTF-8"},
        {"\"\\ud83d\"", "line 1, column 2 (byte 1): half of a surrogate pair: \\ud83d"},
        {"\"\\ude00\"", "line 1, column 2 (byte 1): half of a surrogate pair: \\ude00"},
        {"\"\\ud83d\\n\"", "line 1, column 2 (byte 1): half of a surrogate pair: \\ud83d"},
        {"\"\\ud83d\\u0041\"", "line 1, column 2 (byte 1): half of a surrogate pair: \\ud83d"},
        {"\"\\ud83d\\uzz\"",
         "line 1, column 10 (byte 9): expected four hexadecimal digits after \\u, found 'z'"},
        {"{\"a\\u0000\":1}", "line 1, column 4 (byte 3): a key with U+0000 is not supported"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        check_fails(CASES[i][0], LIMA_CODE_INVALID_ARGUMENT, CASES[i][1]);
}

static void parse__nul_byte_outside_strings__fails(void **state)
{
    (void)state;
    lima_json *json = NULL;
    lima_err err = {0};
    assert_false(lima_json_parse("[1]\0", 4, &json, &err));
    assert_non_null(strstr(err.text, "found the byte 0x00"));
    assert_false(lima_json_parse("\"\0\"", 3, &json, &err));
    assert_non_null(strstr(err.text, "control byte 0x00"));
    assert_false(lima_json_parse("\"\\\0\"", 4, &json, NULL));
}

static void parse_first__takes_one_value_after_the_other(void **state)
{
    (void)state;
    static const char TEXT[] = " {\"a\": 1.50}\r\n[2] \"x\"3 ";
    static const char *const EXPECTED[] = {"{\"a\":1.50}", "[2]", "\"x\"", "3"};
    size_t pos = 0, used = 0;
    for (int i = 0; i < 4; i++) {
        lima_json *json = NULL;
        assert_true(lima_json_parse_first(TEXT + pos, strlen(TEXT + pos), &json, &used, NULL));
        char *printed = lima_json_print(json);
        assert_string_equal(printed, EXPECTED[i]);
        free(printed);
        lima_json_free(json);
        pos += used;
    }
    assert_int_equal(pos, strlen(TEXT) - 1);
    lima_json *json = NULL;
    assert_false(lima_json_parse_first(TEXT + pos, 1, &json, &used, NULL));
    assert_null(json);
    assert_int_equal(used, 1); /* untouched */
}

static void parse_first__every_cut__fails_or_is_shorter(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"return\": {\"a\": [1.5, null, \"\\u00e4\\n\xC3\xA4\"], \"b\": -1e5}}";
    for (size_t len = 0; len < strlen(TEXT); len++) {
        lima_json *json = NULL;
        size_t used = 0;
        char *exact = malloc(len ? len : 1);
        memcpy(exact, TEXT, len);
        assert_false(lima_json_parse_first(exact, len, &json, &used, NULL));
        assert_null(json);
        free(exact);
    }
}

/* Random trees, printed, parsed and printed again: the same. */
static unsigned seed = 11;

static unsigned random_below(unsigned limit)
{
    seed = seed * 1103515245 + 12345;
    return (seed >> 16) % limit;
}

static void add_random_value(lima_buf *text, int depth)
{
    static const char *const SCALARS[] = {"null",
                                          "true",
                                          "false",
                                          "0",
                                          "-1",
                                          "1.50",
                                          "-0",
                                          "1e99",
                                          "\"\"",
                                          "\"\\u0001n1\"",
                                          "\"a\\u0000\"",
                                          "\"\\u0001s\"",
                                          "\"\xC3\xA4\\\\\"",
                                          "99999999999999999999"};
    unsigned kind = depth > 0 ? random_below(3) : 0;
    if (kind == 0) {
        lima_buf_add_str(text, SCALARS[random_below(sizeof SCALARS / sizeof SCALARS[0])]);
        return;
    }
    lima_buf_add_str(text, kind == 1 ? "[" : "{");
    unsigned count = random_below(4);
    for (unsigned i = 0; i < count; i++) {
        lima_buf_add_str(text, i ? "," : "");
        if (kind == 2)
            lima_buf_addf(text, "\"%s%u\":", random_below(2) ? "\\u0001n" : "k", i);
        add_random_value(text, depth - 1);
    }
    lima_buf_add_str(text, kind == 1 ? "]" : "}");
}

static void parse__random_trees__round_trip(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        lima_buf text = LIMA_BUF(1 << 20);
        add_random_value(&text, 6);
        assert_false(text.full);
        check_same(lima_buf_str(&text));
        lima_buf_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__numbers__stay_digit_for_digit),
        cmocka_unit_test(parse__strings__stay),
        cmocka_unit_test(parse__strings_like_the_mark__stay),
        cmocka_unit_test(parse__containers__keep_order),
        cmocka_unit_test(parse__other_spellings__are_normalised),
        cmocka_unit_test(parse__malformed__tells_place_and_reason),
        cmocka_unit_test(parse__malformed_strings__tell_place_and_reason),
        cmocka_unit_test(parse__nul_byte_outside_strings__fails),
        cmocka_unit_test(parse_first__takes_one_value_after_the_other),
        cmocka_unit_test(parse_first__every_cut__fails_or_is_shorter),
        cmocka_unit_test(parse__random_trees__round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
