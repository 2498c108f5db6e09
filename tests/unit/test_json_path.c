/* Paths, seen through reading: every document here maps what a path should reach to a string that says so. */
#include "json_check.h"

#include <inttypes.h>

static void path__keys_and_indices(void **state)
{
    (void)state;
    lima_json *json =
        json_from("{\"a\":{\"b\":[{\"c\":\"abc\"},\"ab1\"]},\"0\":\"zero\",\"a b-c/d\":\"plain\"}");
    assert_string_equal(lima_json_str(json, "?", "a.b[0].c"), "abc");
    assert_string_equal(lima_json_str(json, "?", "a.b[1]"), "ab1");
    assert_string_equal(lima_json_str(json, "?", "0"), "zero");
    assert_string_equal(lima_json_str(json, "?", "a b-c/d"), "plain");
    assert_string_equal(lima_json_str(json, "?", "a.b[2]"), "?");
    assert_string_equal(lima_json_str(json, "?", "a.b.c"), "?");
    assert_string_equal(lima_json_str(json, "?", "a[0]"), "?");
    assert_string_equal(lima_json_str(json, "?", "x.y.z"), "?");
    assert_string_equal(lima_json_str(json, "?", "0.a"), "?");
    lima_json_free(json);
}

static void path__root(void **state)
{
    (void)state;
    lima_json *json = json_from("[[\"x\"]]");
    assert_int_equal(lima_json_get_kind(json, ""), LIMA_JSON_ARRAY);
    assert_int_equal(lima_json_get_kind(json, "%s", ""), LIMA_JSON_ARRAY);
    assert_string_equal(lima_json_str(json, "?", "[0][0]"), "x");
    lima_json_free(json);
}

static void path__quoted_keys(void **state)
{
    (void)state;
    lima_json *json =
        json_from("{\"a.b\":{\"[0]\":\"odd\"},\"\":{\"\":\"empty\"},\"q\\\"r\":\"quote\",\"\\\"\":\"lone\"}");
    assert_string_equal(lima_json_str(json, "?", "\"a.b\".\"[0]\""), "odd");
    assert_string_equal(lima_json_str(json, "?", "\"\".\"\""), "empty");
    assert_string_equal(lima_json_str(json, "?", "\"q\"r\""),
                        "quote"); /* closed only before . [ or the end */
    assert_string_equal(lima_json_str(json, "?", "\"\"\""), "lone");
    assert_string_equal(lima_json_str(json, "?", "q\"r"), "quote");
    lima_json_free(json);
}

/* Any value put between quotes is one key, whatever it holds. */
static void path__inserted_between_quotes__is_literal(void **state)
{
    (void)state;
    static const char *const KEYS[] = {"a.b", "a\"",   "\"", "\".",         "a\".b",        "a\".\"b",
                                       "[0]", "\"[0]", "\\", "\\\"",        "%s",           "",
                                       "]",   ".",     "..", "\xC3\xA4\".", "a\".b\".\"c\""};
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        lima_json *json = lima_json_new_object();
        lima_json_set_str(json, "found", "param.\"%s\".x[0]", KEYS[i]);
        lima_json_set_str(json, "pair", "param.\"<%s|%s>\"", KEYS[i], KEYS[i]);
        assert_string_equal(lima_json_str(json, "?", "param.\"%s\".x[0]", KEYS[i]), "found");
        assert_string_equal(lima_json_str(json, "?", "param.\"<%s|%s>\"", KEYS[i], KEYS[i]), "pair");
        lima_strv keys = {0};
        lima_json_keys(json, &keys, "param");
        assert_int_equal(keys.len, 2);
        assert_string_equal(keys.items[0], KEYS[i]);
        lima_strv_free(&keys);
        lima_json_free(json);
    }
}

static void path__inserted_elsewhere__is_path_text(void **state)
{
    (void)state;
    lima_json *json = json_from("{\"a\":{\"b.c\":[\"x\"]}}");
    assert_string_equal(lima_json_str(json, "?", "%s", "a.\"b.c\"[0]"), "x");
    assert_string_equal(lima_json_str(json, "?", "%s[%d]", "a.\"b.c\"", 0), "x");
    assert_string_equal(lima_json_str(json, "?", "%s.%s[0]", "a", "\"b.c\""), "x");
    assert_string_equal(lima_json_str(json, "?", "a.%s", "\"b.c"), "?");
    lima_json_free(json);
}

static void path__conversions(void **state)
{
    (void)state;
    lima_json *json =
        json_from("{\"4294967295\":\"u\",\"-5\":\"d\",\"18446744073709551615\":\"llu\",\"50%\":\"percent\","
                  "\"-9223372036854775808\":\"lld\",\"abc\":\"cut\",\"l\":[0,1,\"two\"]}");
    assert_string_equal(lima_json_str(json, "?", "%u", 4294967295u), "u");
    assert_string_equal(lima_json_str(json, "?", "%d", -5), "d");
    assert_string_equal(lima_json_str(json, "?", "%i", -5), "d");
    assert_string_equal(lima_json_str(json, "?", "%ld", -5l), "d");
    assert_string_equal(lima_json_str(json, "?", "%lu", 4294967295ul), "u");
    assert_string_equal(lima_json_str(json, "?", "%llu", 18446744073709551615ull), "llu");
    assert_string_equal(lima_json_str(json, "?", "%lld", -9223372036854775807ll - 1), "lld");
    assert_string_equal(lima_json_str(json, "?", "%" PRIu64, UINT64_MAX), "llu");
    assert_string_equal(lima_json_str(json, "?", "%" PRIi64, INT64_MIN), "lld");
    assert_string_equal(lima_json_str(json, "?", "%zd", (ptrdiff_t)-5), "d");
    assert_string_equal(lima_json_str(json, "?", "l[%zu]", (size_t)2), "two");
    assert_string_equal(lima_json_str(json, "?", "50%%"), "percent");
    assert_string_equal(lima_json_str(json, "?", "%.*s", 3, "abcdef"), "cut");
    assert_string_equal(lima_json_str(json, "?", "%.*s", 30, "abc"), "cut");
    const char exact[3] = {'a', 'b', 'c'};
    assert_string_equal(lima_json_str(json, "?", "%.*s", 3, exact), "cut");
    lima_json_free(json);
}

static void path__malformed__leads_nowhere(void **state)
{
    (void)state;
    static const char *const PATHS[] = {".",     "a.",    "a..b",          ".a",    "a[",    "a[]",
                                        "a[x]",  "a[0",   "a[-1]",         "[0]a",  "a]",    "\"a",
                                        "a.\"b", "a[ 0]", "a[1234567890]", "a[0]]", "\"a\"b"};
    lima_json *json = json_from("{\"a\":[\"x\"],\"\":1}");
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++)
        assert_int_equal(lima_json_get_kind(json, "%s", PATHS[i]), LIMA_JSON_ABSENT);
    lima_json_free(json);
}

static void path__foreign_bytes__are_the_same_key_when_read_and_written(void **state)
{
    (void)state;
    lima_json *json = lima_json_new_object();
    lima_json_set_int(json, 5, "\"%s\"", "a\xFF");
    assert_json(json, "{\"a\xEF\xBF\xBD\":5}");
    assert_int_equal(lima_json_int(json, 0, "\"%s\"", "a\xFF"), 5);
    lima_json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path__keys_and_indices),
        cmocka_unit_test(path__root),
        cmocka_unit_test(path__quoted_keys),
        cmocka_unit_test(path__inserted_between_quotes__is_literal),
        cmocka_unit_test(path__inserted_elsewhere__is_path_text),
        cmocka_unit_test(path__conversions),
        cmocka_unit_test(path__malformed__leads_nowhere),
        cmocka_unit_test(path__foreign_bytes__are_the_same_key_when_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
