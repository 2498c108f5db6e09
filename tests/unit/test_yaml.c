/* Documents, keys, anchors, merges, malformed texts and limits; test_yaml_scalars.c has the scalars. */
#include "yaml_check.h"

#include <stdio.h>

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
