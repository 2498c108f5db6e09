#include "json_check.h"

#include <stdio.h>

#include "data/yaml.h"

static void check(const char *text, const char *expected)
{
    lima_json *json = NULL;
    lima_err err = {0};
    size_t len = strlen(text);
    char *exact = malloc(len ? len : 1); /* no NUL behind it */
    memcpy(exact, text, len);
    if (!lima_yaml_parse(exact, len, &json, &err))
        fail_msg("%s: %s", text, err.text);
    assert_json(json, expected);
    lima_json_free(json);
    free(exact);
}

static void check_fails(const char *text, lima_code code, const char *reason)
{
    lima_json *json = NULL;
    lima_err err = {0};
    assert_false(lima_yaml_parse(text, strlen(text), &json, &err));
    assert_string_equal(err.text, reason);
    assert_int_equal(err.code, code);
    assert_null(json);
}

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

static void documents(void **state)
{
    (void)state;
    check("", "{}");
    check("# nothing\n\n", "{}");
    check("---\n", "null");
    check("\xEF\xBB\xBF"
          "a: 1\n",
          "{\"a\":1}");
    check("%YAML 1.2\n---\na: 1\n...\n", "{\"a\":1}");
    check("5", "5");
    check("- 1\n- [2, {a: b}]\n-\n  c: d\n", "[1,[2,{\"a\":\"b\"}],{\"c\":\"d\"}]");
    check("z: 1\na: {y: [], x: {}}\n", "{\"z\":1,\"a\":{\"y\":[],\"x\":{}}}");
    check_fails("--- a\n--- b\n", LIMA_CODE_INVALID_ARGUMENT,
                "line 2, column 1: a second document begins here; one is allowed");
}

static void keys__any_scalar(void **state)
{
    (void)state;
    check(
        "{1: a, 0x10: b, true: c, ~: d, 1.50: e, 'q r': f, -0: g}",
        "{\"1\":\"a\",\"16\":\"b\",\"true\":\"c\",\"null\":\"d\",\"1.50\":\"e\",\"q r\":\"f\",\"0\":\"g\"}");
    check("{False: a, \xC3\xA4: b, \"\\x01n\": c}",
          "{\"false\":\"a\",\"\xC3\xA4\":\"b\",\"\\u0001n\":\"c\"}");
    check("? a\n? b\n: 1\n", "{\"a\":null,\"b\":1}");
}

static void keys__others__fail(void **state)
{
    (void)state;
    static const char REASON[] = "line 1, column 3: a key must be a scalar without U+0000";
    check_fails("? [a]\n: b", LIMA_CODE_INVALID_ARGUMENT, REASON);
    check_fails("? {a: b}\n: c", LIMA_CODE_INVALID_ARGUMENT, REASON);
    check_fails("? \"\\0\"\n: c", LIMA_CODE_INVALID_ARGUMENT, REASON);
}

static void keys__twice__fail(void **state)
{
    (void)state;
    check_fails("a: 1\nb: 2\na: {c: 3}\n", LIMA_CODE_INVALID_ARGUMENT,
                "line 3, column 1: the key 'a' stands twice in one mapping");
    check_fails("{16: a, 0x10: b}", LIMA_CODE_INVALID_ARGUMENT,
                "line 1, column 9: the key '16' stands twice in one mapping");
    check_fails("<<: {a: 1}\n<<: {b: 1}", LIMA_CODE_INVALID_ARGUMENT,
                "line 2, column 1: the key '<<' stands twice in one mapping");
    check("{a: {k: 1}, b: {k: 1}}", "{\"a\":{\"k\":1},\"b\":{\"k\":1}}");
}

static void anchors__are_copied(void **state)
{
    (void)state;
    check("a: &x {b: [1]}\nc: *x\nd: [*x, *x]\n",
          "{\"a\":{\"b\":[1]},\"c\":{\"b\":[1]},\"d\":[{\"b\":[1]},{\"b\":[1]}]}");
    check("[&x 1, *x, &x 2, *x]", "[1,1,2,2]"); /* the latest anchor counts */
    check("[&x [1], &x {a: 1}, *x]", "[[1],{\"a\":1},{\"a\":1}]");
    check("&k a: 1\nb: {*k : 2}\n", "{\"a\":1,\"b\":{\"a\":2}}");
    lima_json *json = NULL;
    assert_true(lima_yaml_parse("[&x {b: 1}, *x]", 15, &json, NULL));
    lima_json_set_int(json, 2, "[1].b");
    assert_json(json, "[{\"b\":1},{\"b\":2}]");
    lima_json_free(json);
}

static void anchors__unknown_or_own__fail(void **state)
{
    (void)state;
    check_fails("a: *x", LIMA_CODE_INVALID_ARGUMENT,
                "line 1, column 4: the alias *x has no anchor &x before it");
    check_fails("a: &x [1, *x]", LIMA_CODE_INVALID_ARGUMENT,
                "line 1, column 11: the alias *x has no anchor &x before it");
    check_fails("[*x, &x 1]", LIMA_CODE_INVALID_ARGUMENT,
                "line 1, column 2: the alias *x has no anchor &x before it");
}

static void merge__mapping_wins_then_earlier_sources(void **state)
{
    (void)state;
    check("<<: {a: 1, b: 2}\na: 3\n", "{\"a\":3,\"b\":2}");
    check("a: 3\n<<: {a: 1, b: 2}\n", "{\"a\":3,\"b\":2}");
    check("<<: [{a: 1}, {a: 2, b: 2}]\n", "{\"a\":1,\"b\":2}");
    check("x: &x {a: [1]}\ny: {<<: *x, b: 2}\nz: {<<: [*x, {c: 1}]}\n",
          "{\"x\":{\"a\":[1]},\"y\":{\"b\":2,\"a\":[1]},\"z\":{\"a\":[1],\"c\":1}}");
    check("<<: []\n", "{}");
    check("'<<': {a: 1}\n", "{\"<<\":{\"a\":1}}"); /* in quotes, a key like others */
    check("a: <<\n", "{\"a\":\"<<\"}");
}

static void merge__of_other_things__fails(void **state)
{
    (void)state;
    static const char REASON[] = "line 1, column 2: << wants a mapping or a sequence of mappings";
    check_fails("{<<: 3}", LIMA_CODE_INVALID_ARGUMENT, REASON);
    check_fails("{<<: ~}", LIMA_CODE_INVALID_ARGUMENT, REASON);
    check_fails("{<<: [{a: 1}, 3]}", LIMA_CODE_INVALID_ARGUMENT, REASON);
}

static void malformed__tells_line_and_column(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"a: b: c", "line 1, column 5: "},      {"a: [1", "line 2, column 1: "},
        {"a:\n\t- 1", "line 2, column 1: "},    {"a: \"x", "line 1, column 6: "},
        {"a: @x", "line 1, column 4: "},        {"[1}", "line 1, column 3: "},
        {"a: 'x\n--- b", "line 2, column 1: "},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        lima_json *json = NULL;
        lima_err err = {0};
        assert_false(lima_yaml_parse(CASES[i][0], strlen(CASES[i][0]), &json, &err));
        assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
        if (strncmp(err.text, CASES[i][1], strlen(CASES[i][1])) != 0)
            fail_msg("%s: %s", CASES[i][0], err.text);
    }
}

static void foreign_bytes__fail_with_their_place(void **state)
{
    (void)state;
    check_fails("a: 1\nb: \xC3\xA4\xFF\n", LIMA_CODE_INVALID_ARGUMENT,
                "line 2, column 5: the byte 0xFF is not UTF-8");
    check_fails("\xFF\xFE"
                "a",
                LIMA_CODE_INVALID_ARGUMENT, "line 1, column 1: the byte 0xFF is not UTF-8");
    check_fails("a: 1\nb: \x02\n", LIMA_CODE_INVALID_ARGUMENT,
                "line 2, column 4: control characters are not allowed");
    lima_json *json = NULL;
    assert_false(lima_yaml_parse("a: \0", 4, &json, NULL));
    assert_null(json);
}

static void limit__bytes(void **state)
{
    (void)state;
    char *text = malloc(LIMA_YAML_BYTES_MAX + 1);
    memset(text, '\n', LIMA_YAML_BYTES_MAX + 1);
    text[0] = '5';
    lima_json *json = NULL;
    lima_err err = {0};
    assert_true(lima_yaml_parse(text, LIMA_YAML_BYTES_MAX, &json, NULL));
    lima_json_free(json);
    assert_false(lima_yaml_parse(text, LIMA_YAML_BYTES_MAX + 1, &json, &err));
    assert_int_equal(err.code, LIMA_CODE_OUT_OF_RANGE);
    assert_string_equal(err.text, "the YAML text has 4194305 bytes, the most is 4194304");
    free(text);
}

static lima_code parse_code(const lima_buf *text, char *ret_reason, size_t size)
{
    lima_json *json = NULL;
    lima_err err = {0};
    assert_false(text->full);
    if (lima_yaml_parse(lima_buf_str(text), text->len, &json, &err))
        lima_json_free(json);
    const char *colon = strstr(err.text, ": ");
    snprintf(ret_reason, size, "%s", colon ? colon + 2 : "");
    return err.code;
}

static void limit__depth(void **state)
{
    (void)state;
    for (int levels = LIMA_JSON_DEPTH_MAX; levels <= LIMA_JSON_DEPTH_MAX + 1; levels++) {
        lima_buf text = LIMA_BUF(10000);
        for (int i = 0; i < levels; i++)
            lima_buf_add_str(&text, "[");
        for (int i = 0; i < levels; i++)
            lima_buf_add_str(&text, "]");
        char reason[100];
        bool deep = levels > LIMA_JSON_DEPTH_MAX;
        assert_int_equal(parse_code(&text, reason, sizeof reason),
                         deep ? LIMA_CODE_OUT_OF_RANGE : LIMA_CODE_OK);
        assert_string_equal(reason, deep ? "more than 256 levels" : "");
        lima_buf_free(&text);
    }
}

/* Each line is one level deeper than the one before, by an alias: no nesting in the text. */
static void limit__depth_by_aliases(void **state)
{
    (void)state;
    for (int lines = LIMA_JSON_DEPTH_MAX - 2; lines <= LIMA_JSON_DEPTH_MAX; lines++) {
        lima_buf text = LIMA_BUF(20000);
        lima_buf_add_str(&text, "- &a0 x\n");
        for (int i = 1; i <= lines; i++)
            lima_buf_addf(&text, "- &a%d {k: *a%d}\n", i, i - 1);
        char reason[100];
        bool deep = lines > LIMA_JSON_DEPTH_MAX - 1;
        assert_int_equal(parse_code(&text, reason, sizeof reason),
                         deep ? LIMA_CODE_OUT_OF_RANGE : LIMA_CODE_OK);
        lima_buf_free(&text);
    }
}

static void limit__values_by_aliases(void **state)
{
    (void)state;
    lima_buf text = LIMA_BUF(2000);
    lima_buf_add_str(&text, "- &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 9; i++) {
        lima_buf_addf(&text, "- &a%d [", i);
        for (int j = 0; j < 10; j++)
            lima_buf_addf(&text, "*a%d,", i - 1);
        lima_buf_add_str(&text, "]\n");
    }
    char reason[100];
    assert_int_equal(parse_code(&text, reason, sizeof reason), LIMA_CODE_OUT_OF_RANGE);
    assert_string_equal(reason, "more than 200000 values");
    lima_buf_free(&text);
}

static void limit__bytes_by_aliases(void **state)
{
    (void)state;
    lima_buf text = LIMA_BUF(LIMA_YAML_BYTES_MAX);
    lima_buf_add_str(&text, "- &a {");
    memset(lima_buf_reserve(&text, 1000000), 'x', 1000000);
    text.len += 1000000;
    lima_buf_add_str(&text, ": y}\n");
    for (int i = 0; i < 17; i++)
        lima_buf_add_str(&text, "- *a\n");
    char reason[100];
    assert_int_equal(parse_code(&text, reason, sizeof reason),
                     LIMA_CODE_INVALID_ARGUMENT); /* a key of that size */
    lima_buf_clear(&text);
    lima_buf_add_str(&text, "- &a {k: '");
    memset(lima_buf_reserve(&text, 1000000), 'x', 1000000);
    text.len += 1000000;
    lima_buf_add_str(&text, "'}\n");
    for (int i = 0; i < 17; i++)
        lima_buf_add_str(&text, "- *a\n");
    assert_int_equal(parse_code(&text, reason, sizeof reason), LIMA_CODE_OUT_OF_RANGE);
    assert_string_equal(reason, "more than 16777216 bytes after expanding aliases");
    lima_buf_free(&text);
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
        cmocka_unit_test(documents),
        cmocka_unit_test(keys__any_scalar),
        cmocka_unit_test(keys__others__fail),
        cmocka_unit_test(keys__twice__fail),
        cmocka_unit_test(anchors__are_copied),
        cmocka_unit_test(anchors__unknown_or_own__fail),
        cmocka_unit_test(merge__mapping_wins_then_earlier_sources),
        cmocka_unit_test(merge__of_other_things__fails),
        cmocka_unit_test(malformed__tells_line_and_column),
        cmocka_unit_test(foreign_bytes__fail_with_their_place),
        cmocka_unit_test(limit__bytes),
        cmocka_unit_test(limit__depth),
        cmocka_unit_test(limit__depth_by_aliases),
        cmocka_unit_test(limit__values_by_aliases),
        cmocka_unit_test(limit__bytes_by_aliases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
