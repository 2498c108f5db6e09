#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static void eq__null_equals_only_null(void **state)
{
    (void)state;
    assert_true(lima_str_eq(NULL, NULL));
    assert_false(lima_str_eq(NULL, ""));
    assert_false(lima_str_eq("", NULL));
    assert_true(lima_str_eq("ab", "ab"));
    assert_false(lima_str_eq("ab", "aB"));
    assert_true(lima_str_eq_nocase(NULL, NULL));
    assert_false(lima_str_eq_nocase("a", NULL));
}

static void eq_nocase__folds_ascii_only(void **state)
{
    (void)state;
    assert_true(lima_str_eq_nocase("KiB", "kIb"));
    assert_false(lima_str_eq_nocase("kib", "ki"));
    assert_false(lima_str_eq_nocase("ki", "kib"));
    assert_false(lima_str_eq_nocase("@[`{", "`{@["));
    assert_false(lima_str_eq_nocase("\xC3\x84", "\xC3\xA4"));
}

static void empty__null_or_nothing(void **state)
{
    (void)state;
    assert_true(lima_str_empty(NULL));
    assert_true(lima_str_empty(""));
    assert_false(lima_str_empty(" "));
}

static void prefix_and_suffix(void **state)
{
    (void)state;
    assert_true(lima_str_has_prefix("lima-driver-qemu", "lima-driver-"));
    assert_false(lima_str_has_prefix("lima", "lima-"));
    assert_true(lima_str_has_prefix("x", ""));
    assert_false(lima_str_has_prefix(NULL, ""));
    assert_true(lima_str_has_suffix("a.exe", ".exe"));
    assert_false(lima_str_has_suffix("exe", ".exe"));
    assert_true(lima_str_has_suffix("", ""));
    assert_false(lima_str_has_suffix(NULL, ""));
}

static void trim__both_ends(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"  a b\t\r\n", "a b"}, {"a", "a"}, {"", ""}, {" \v\f ", ""}, {"\n x", "x"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[32];
        strcpy(text, CASES[i][0]);
        lima_str_trim(text);
        assert_string_equal(text, CASES[i][1]);
    }
}

static void check_split(const char *text, const char *expected)
{
    lima_strv fields = {0};
    lima_str_split(text, ':', &fields);
    char *joined = lima_strv_join(&fields, "|");
    assert_string_equal(joined, expected);
    free(joined);
    lima_strv_free(&fields);
}

static void split__keeps_empty_fields(void **state)
{
    (void)state;
    check_split("a:b:c", "a|b|c");
    check_split(":a::b:", "|a||b|");
    check_split("abc", "abc");
    lima_strv fields = {0};
    lima_str_split("", ':', &fields);
    assert_int_equal(fields.len, 1);
    assert_string_equal(fields.items[0], "");
    lima_strv_free(&fields);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eq__null_equals_only_null), cmocka_unit_test(eq_nocase__folds_ascii_only),
        cmocka_unit_test(empty__null_or_nothing),    cmocka_unit_test(prefix_and_suffix),
        cmocka_unit_test(trim__both_ends),           cmocka_unit_test(split__keeps_empty_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
