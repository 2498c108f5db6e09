#include "json_check.h"

static void set__each_kind(void **state)
{
    (void)state;
    lima_json *json = lima_json_new_object(), *other = json_from("[1.50]");
    lima_json_set_str(json, "x", "s");
    lima_json_set_int(json, INT64_MIN, "i");
    lima_json_set_bool(json, true, "t");
    lima_json_set_bool(json, false, "f");
    lima_json_set_null(json, "n");
    lima_json_set_copy(json, other, "c");
    lima_json_set_empty_array(json, "e");
    lima_json_set_str(json, NULL, "ns");
    assert_json(json,
                "{\"s\":\"x\",\"i\":-9223372036854775808,\"t\":true,\"f\":false,\"n\":null,\"c\":[1.50],"
                "\"e\":[],\"ns\":null}");
    lima_json_free(json);
    assert_json(other, "[1.50]");
    lima_json_free(other);
}

static void set__missing_way__is_made(void **state)
{
    (void)state;
    lima_json *json = lima_json_new_object();
    lima_json_set_int(json, 1, "a.b.c");
    lima_json_set_int(json, 2, "a.l[0].k");
    lima_json_set_int(json, 3, "a.l[1]");
    lima_json_set_int(json, 4, "m[0][0]");
    assert_json(json, "{\"a\":{\"b\":{\"c\":1},\"l\":[{\"k\":2},3]},\"m\":[[4]]}");
    lima_json_free(json);
}

static void set__null_on_the_way__is_replaced(void **state)
{
    (void)state;
    lima_json *json = json_from("{\"a\":null,\"l\":[null]}");
    lima_json_set_int(json, 1, "a.b");
    lima_json_set_int(json, 2, "l[0].c");
    assert_json(json, "{\"a\":{\"b\":1},\"l\":[{\"c\":2}]}");
    lima_json_free(json);
    json = json_from("null");
    lima_json_set_int(json, 1, "[0]");
    assert_json(json, "[1]");
    lima_json_free(json);
}

static void set__existing__is_replaced_in_its_place(void **state)
{
    (void)state;
    lima_json *json = json_from("{\"z\":1,\"a\":[1,2,3],\"b\":{\"x\":1}}");
    lima_json_set_str(json, "new", "z");
    lima_json_set_int(json, 9, "a[1]");
    lima_json_set_null(json, "b");
    assert_json(json, "{\"z\":\"new\",\"a\":[1,9,3],\"b\":null}");
    lima_json_free(json);
}

static void set__root__is_replaced(void **state)
{
    (void)state;
    lima_json *json = json_from("{\"a\":[1]}");
    lima_json_set_copy(json, json, "a[0]"); /* of itself into itself */
    assert_json(json, "{\"a\":[{\"a\":[1]}]}");
    lima_json_set_copy(json, json, "");
    assert_json(json, "{\"a\":[{\"a\":[1]}]}");
    lima_json_set_int(json, 5, "");
    assert_json(json, "5");
    lima_json_set_null(json, "");
    assert_json(json, "null");
    lima_json_set_str(json, "x", "k");
    assert_json(json, "{\"k\":\"x\"}");
    lima_json_free(json);
}

/* What is set is what is read and printed, whatever bytes it has. */
static void set_str__any_text__comes_back(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"",  "\x01",  "\x01n1.5", "\x01s",     "\x01sn",
                                        "n", "\"\\/", "\xC3\xA4", "\n\x1F\x7F"};
    lima_json *json = lima_json_new_object();
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        lima_json_set_str(json, TEXTS[i], "l[%zu]", i);
        assert_string_equal(lima_json_str(json, NULL, "l[%zu]", i), TEXTS[i]);
        assert_int_equal(lima_json_get_kind(json, "l[%zu]", i), LIMA_JSON_STRING);
    }
    assert_json(json,
                "{\"l\":[\"\",\"\\u0001\",\"\\u0001n1.5\",\"\\u0001s\",\"\\u0001sn\",\"n\",\"\\\"\\\\/\","
                "\"\xC3\xA4\",\"\\n\\u001F\x7F\"]}");
    lima_json_free(json);
}

static void set_str__foreign_bytes__become_the_replacement_character(void **state)
{
    (void)state;
    lima_json *json = lima_json_new_object();
    lima_json_set_str(json, "a\xFF\xC3", "k");
    assert_string_equal(lima_json_str(json, NULL, "k"), "a\xEF\xBF\xBD\xEF\xBF\xBD");
    lima_json_free(json);
}

static void remove__what_is_there(void **state)
{
    (void)state;
    lima_json *json = json_from("{\"a\":1,\"b\":{\"c\":[1,2,3]},\"d\":2}");
    lima_json_remove(json, "a");
    lima_json_remove(json, "b.c[1]");
    assert_json(json, "{\"b\":{\"c\":[1,3]},\"d\":2}");
    lima_json_remove(json, "");
    assert_json(json, "null");
    lima_json_free(json);
}

static void remove__what_is_not_there__changes_nothing(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"a\":1,\"b\":[1]}";
    lima_json *json = json_from(TEXT);
    static const char *const PATHS[] = {"x", "x.y.z", "a.b", "a[0]", "b[1]", "b.c", "[0]"};
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++) {
        lima_json_remove(json, "%s", PATHS[i]);
        assert_json(json, TEXT);
    }
    lima_json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set__each_kind),
        cmocka_unit_test(set__missing_way__is_made),
        cmocka_unit_test(set__null_on_the_way__is_replaced),
        cmocka_unit_test(set__existing__is_replaced_in_its_place),
        cmocka_unit_test(set__root__is_replaced),
        cmocka_unit_test(set_str__any_text__comes_back),
        cmocka_unit_test(set_str__foreign_bytes__become_the_replacement_character),
        cmocka_unit_test(remove__what_is_there),
        cmocka_unit_test(remove__what_is_not_there__changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
