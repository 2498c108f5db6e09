#include "json_check.h"

static const char DOCUMENT[] = "{\"null\":null,\"true\":true,\"false\":false,\"int\":-42,\"big\":"
                               "9223372036854775808,\"real\":4294967296.0,"
                               "\"text\":\"abc\",\"nul\":\"a\\u0000b\",\"mark\":\"\\u0001n1\",\"list\":[1,2,"
                               "3],\"map\":{\"z\":1,\"a\":2}}";

static int start(void **state)
{
    *state = json_from(DOCUMENT);
    return 0;
}

static int end(void **state)
{
    lima_json_free(*state);
    return 0;
}

static void kind__of_each_value(void **state)
{
    static const struct {
        const char *key;
        lima_json_kind kind;
    } KINDS[] = {
        {"nothing", LIMA_JSON_ABSENT}, {"null", LIMA_JSON_NULL},   {"true", LIMA_JSON_BOOL},
        {"false", LIMA_JSON_BOOL},     {"int", LIMA_JSON_INTEGER}, {"big", LIMA_JSON_NUMBER},
        {"real", LIMA_JSON_NUMBER},    {"text", LIMA_JSON_STRING}, {"nul", LIMA_JSON_STRING},
        {"mark", LIMA_JSON_STRING},    {"list", LIMA_JSON_ARRAY},  {"map", LIMA_JSON_OBJECT},
    };
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++)
        assert_int_equal(lima_json_get_kind(*state, "%s", KINDS[i].key), KINDS[i].kind);
}

/* Each getter on each value: only its own kind gives anything but the default. */
static void getters__other_kinds__give_the_default(void **state)
{
    lima_strv keys = {0};
    lima_json_keys(*state, &keys, "");
    assert_int_equal(keys.len, 11);
    for (size_t i = 0; i < keys.len; i++) {
        const char *key = keys.items[i];
        bool is_text = strcmp(key, "text") == 0 || strcmp(key, "mark") == 0;
        assert_int_equal(strcmp(lima_json_str(*state, "?", "%s", key), "?") != 0, is_text);
        assert_int_equal(lima_json_int(*state, 99, "%s", key) != 99, strcmp(key, "int") == 0);
        assert_int_equal(lima_json_bool(*state, true, "%s", key), strcmp(key, "false") != 0);
        assert_int_equal(lima_json_bool(*state, false, "%s", key), strcmp(key, "true") == 0);
        size_t count = strcmp(key, "list") == 0 ? 3 : strcmp(key, "map") == 0 ? 2 : 0;
        assert_int_equal(lima_json_count(*state, "%s", key), count);
    }
    lima_strv_free(&keys);
}

static void getters__own_kind__give_the_value(void **state)
{
    assert_string_equal(lima_json_str(*state, NULL, "text"), "abc");
    assert_string_equal(lima_json_str(*state, NULL, "mark"), "\x01n1");
    assert_null(lima_json_str(*state, NULL, "nul"));
    assert_int_equal(lima_json_int(*state, 0, "int"), -42);
    assert_int_equal(lima_json_int(*state, 7, "real"), 7);
    assert_int_equal(lima_json_int(*state, 7, "big"), 7);
}

static void getters__null_document__give_the_default(void **state)
{
    (void)state;
    assert_int_equal(lima_json_get_kind(NULL, "a"), LIMA_JSON_ABSENT);
    assert_string_equal(lima_json_str(NULL, "?", ""), "?");
    assert_int_equal(lima_json_int(NULL, 3, "a"), 3);
    assert_true(lima_json_bool(NULL, true, "a"));
    assert_int_equal(lima_json_count(NULL, ""), 0);
    assert_null(lima_json_get_copy(NULL, ""));
    lima_json_free(NULL);
}

static void keys__in_order_and_only_of_objects(void **state)
{
    lima_strv keys = {0};
    lima_json_keys(*state, &keys, "map");
    assert_int_equal(keys.len, 2);
    assert_string_equal(keys.items[0], "z");
    assert_string_equal(keys.items[1], "a");
    lima_strv_free(&keys);
    lima_json_keys(*state, &keys, "list");
    assert_int_equal(keys.len, 0);
    lima_json_keys(*state, &keys, "nothing");
    assert_int_equal(keys.len, 0);
}

static void copies__are_independent(void **state)
{
    lima_json *whole = lima_json_copy(*state), *part = lima_json_get_copy(*state, "map");
    assert_json(whole, DOCUMENT);
    lima_json_set_int(part, 5, "z");
    lima_json_set_int(whole, 6, "map.z");
    assert_json(part, "{\"z\":5,\"a\":2}");
    assert_json(*state, DOCUMENT);
    assert_int_equal(lima_json_int(whole, 0, "map.z"), 6);
    assert_null(lima_json_get_copy(*state, "nothing"));
    lima_json_free(whole);
    lima_json_free(part);
}

static void expect__same_kind_null_or_absent__passes(void **state)
{
    static const char *const KEYS[] = {"nothing", "null", "", "true", "int", "big", "text", "list", "map"};
    static const lima_json_kind KINDS[] = {LIMA_JSON_STRING, LIMA_JSON_ARRAY,   LIMA_JSON_OBJECT,
                                           LIMA_JSON_BOOL,   LIMA_JSON_INTEGER, LIMA_JSON_NUMBER,
                                           LIMA_JSON_STRING, LIMA_JSON_ARRAY,   LIMA_JSON_OBJECT};
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++)
        assert_true(lima_json_expect(*state, KINDS[i], NULL, "%s", KEYS[i]));
    assert_true(lima_json_expect(*state, LIMA_JSON_NUMBER, NULL, "int"));
}

static void check_expect(const lima_json *json, lima_json_kind kind, const char *key, const char *expected)
{
    lima_err err = {0};
    assert_false(lima_json_expect(json, kind, &err, "%s", key));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_string_equal(err.text, expected);
}

static void expect__other_kind__names_path_wanted_and_found(void **state)
{
    check_expect(*state, LIMA_JSON_INTEGER, "text", "field 'text' must be an integer, got a string");
    check_expect(*state, LIMA_JSON_INTEGER, "real",
                 "field 'real' must be an integer, got the number 4294967296.0");
    check_expect(*state, LIMA_JSON_STRING, "list[1]", "field 'list[1]' must be a string, got an integer");
    check_expect(*state, LIMA_JSON_STRING, "nul", "field 'nul' must be a string, got one that holds U+0000");
    check_expect(*state, LIMA_JSON_BOOL, "map", "field 'map' must be true or false, got an object");
    check_expect(*state, LIMA_JSON_OBJECT, "true", "field 'true' must be an object, got true or false");
    check_expect(*state, LIMA_JSON_NUMBER, "mark", "field 'mark' must be a number, got a string");
    check_expect(*state, LIMA_JSON_ARRAY, "", "the document must be an array, got an object");
    lima_json *json = json_from("{\"n\":[0.1234567890123456789012345678901234567890123456789]}");
    check_expect(json, LIMA_JSON_ARRAY, "n[0]",
                 "field 'n[0]' must be an array, got the number 0.12345678901234567890123456789012345678");
    lima_json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kind__of_each_value, start, end),
        cmocka_unit_test_setup_teardown(getters__other_kinds__give_the_default, start, end),
        cmocka_unit_test_setup_teardown(getters__own_kind__give_the_value, start, end),
        cmocka_unit_test(getters__null_document__give_the_default),
        cmocka_unit_test_setup_teardown(keys__in_order_and_only_of_objects, start, end),
        cmocka_unit_test_setup_teardown(copies__are_independent, start, end),
        cmocka_unit_test_setup_teardown(expect__same_kind_null_or_absent__passes, start, end),
        cmocka_unit_test_setup_teardown(expect__other_kind__names_path_wanted_and_found, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
