/* What lima_json_parse refuses because it is too much. */
#include "json_check.h"

#include <stdio.h>

static char *nested(size_t levels, const char *open, const char *close)
{
    lima_buf text = LIMA_BUF(100000);
    for (size_t i = 0; i < levels; i++)
        lima_buf_add_str(&text, open);
    lima_buf_add_str(&text, "1");
    for (size_t i = 0; i < levels; i++)
        lima_buf_add_str(&text, close);
    assert_false(text.full);
    return lima_buf_take(&text);
}

static void parse__depth__is_limited(void **state)
{
    (void)state;
    static const char *const PAIRS[][2] = {{"[", "]"}, {"{\"a\":", "}"}};
    for (int i = 0; i < 2; i++) {
        char *text = nested(LIMA_JSON_DEPTH_MAX, PAIRS[i][0], PAIRS[i][1]);
        check_same(text);
        free(text);
        text = nested(LIMA_JSON_DEPTH_MAX + 1, PAIRS[i][0], PAIRS[i][1]);
        lima_json *json = NULL;
        lima_err err = {0};
        assert_false(lima_json_parse(text, strlen(text), &json, &err));
        assert_int_equal(err.code, LIMA_CODE_OUT_OF_RANGE);
        assert_non_null(strstr(err.text, "more than 256 levels"));
        free(text);
    }
    check_same("[[[1]],[[2]],[[3]]]"); /* leaving a level gives it back */
}

static void parse__number_of_values__is_limited(void **state)
{
    (void)state;
    char *text = malloc(2 * LIMA_JSON_VALUES_MAX + 1);
    text[0] = '[';
    for (int i = 0; i < LIMA_JSON_VALUES_MAX - 1; i++)
        memcpy(text + 1 + 2 * i, "0,", 2);
    text[2 * (LIMA_JSON_VALUES_MAX - 1)] = ']';
    lima_json *json = NULL;
    assert_true(lima_json_parse(text, 2 * LIMA_JSON_VALUES_MAX - 1, &json, NULL));
    assert_int_equal(lima_json_count(json, ""), LIMA_JSON_VALUES_MAX - 1);
    lima_json_free(json);
    memcpy(text + 2 * (LIMA_JSON_VALUES_MAX - 1), ",0]", 3);
    lima_err err = {0};
    assert_false(lima_json_parse(text, 2 * LIMA_JSON_VALUES_MAX + 1, &json, &err));
    assert_int_equal(err.code, LIMA_CODE_OUT_OF_RANGE);
    free(text);
}

/* The largest growth by marks: nothing but numbers that need one. */
static void parse__all_numbers_marked__fits(void **state)
{
    (void)state;
    enum { COUNT = LIMA_JSON_VALUES_MAX - 1 };
    char *text = malloc(3 * COUNT + 1);
    for (int i = 0; i < COUNT; i++)
        memcpy(text + 3 * i, i ? ",-0" : "[-0", 3);
    text[3 * COUNT] = ']';
    lima_json *json = NULL;
    assert_true(lima_json_parse(text, 3 * COUNT + 1, &json, NULL));
    char *printed = lima_json_print(json);
    assert_int_equal(strlen(printed), 3 * COUNT + 1);
    assert_memory_equal(printed, text, 3 * COUNT + 1);
    free(printed);
    lima_json_free(json);
    free(text);
}

static void parse__size__is_limited(void **state)
{
    (void)state;
    char *text = malloc(LIMA_JSON_BYTES_MAX + 1);
    memset(text, ' ', LIMA_JSON_BYTES_MAX + 1);
    text[0] = '1';
    lima_json *json = NULL;
    lima_err err = {0};
    assert_true(lima_json_parse(text, LIMA_JSON_BYTES_MAX, &json, NULL));
    lima_json_free(json);
    assert_false(lima_json_parse(text, LIMA_JSON_BYTES_MAX + 1, &json, &err));
    assert_int_equal(err.code, LIMA_CODE_OUT_OF_RANGE);
    assert_string_equal(err.text, "the JSON text has 16777217 bytes, the most is 16777216");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__depth__is_limited),
        cmocka_unit_test(parse__number_of_values__is_limited),
        cmocka_unit_test(parse__all_numbers_marked__fits),
        cmocka_unit_test(parse__size__is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
