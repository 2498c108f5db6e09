#include "json_check.h"

static void check_indented(const char *text, const char *expected)
{
    lima_json *json = json_from(text);
    char *printed = lima_json_print_indented(json);
    assert_string_equal(printed, expected);
    free(printed);
    lima_json_free(json);
}

static void print_indented__two_spaces(void **state)
{
    (void)state;
    check_indented("{\"a\":[1.50,\"x\"],\"b\":{}}",
                   "{\n  \"a\": [\n    1.50,\n    \"x\"\n  ],\n  \"b\": {}\n}");
    check_indented("1.0", "1.0");
    check_indented("[]", "[]");
}

static void print_indented__keys_and_strings_like_the_mark__stay(void **state)
{
    (void)state;
    check_indented("{\"\\u0001n1\":\"\\u0001n2\",\"\\u0001s\":-0}",
                   "{\n  \"\\u0001n1\": \"\\u0001n2\",\n  \"\\u0001s\": -0\n}");
}

static void print__quotes_and_colons_in_strings__do_not_confuse(void **state)
{
    (void)state;
    static const char TEXT[] =
        "[\"a\\\"\",\"\\\\\",\":\",\"\\\\\\\":\",{\"k\\\"\":\"\\\":\"},1.5,\"\\u0001n\\\"\"]";
    lima_json *json = json_from(TEXT);
    assert_json(json, TEXT);
    lima_json_free(json);
}

static void print__slash__is_not_escaped(void **state)
{
    (void)state;
    lima_json *json = json_from("{\"a\\/b\":\"c\\/d\"}");
    assert_json(json, "{\"a/b\":\"c/d\"}");
    lima_json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(print_indented__two_spaces),
        cmocka_unit_test(print_indented__keys_and_strings_like_the_mark__stay),
        cmocka_unit_test(print__quotes_and_colons_in_strings__do_not_confuse),
        cmocka_unit_test(print__slash__is_not_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
