#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"

static void zero_list__has_no_items(void **state)
{
    (void)state;
    lima_strv list = {0};
    assert_null(lima_strv_items(&list)[0]);
    assert_false(lima_strv_has(&list, ""));
    char *joined = lima_strv_join(&list, ",");
    assert_string_equal(joined, "");
    free(joined);
    lima_strv_sort(&list);
    lima_strv_free(&list);
}

static void add__many__stay_in_order_and_end_with_null(void **state)
{
    (void)state;
    lima_strv list = {0};
    for (int i = 0; i < 100; i++) {
        lima_strv_addf(&list, "item %d", i);
        assert_int_equal(list.len, i + 1);
        assert_null(list.items[list.len]);
    }
    assert_string_equal(lima_strv_items(&list)[0], "item 0");
    assert_string_equal(lima_strv_items(&list)[99], "item 99");
    lima_strv_free(&list);
    assert_int_equal(list.len, 0);
}

static void add__copies_the_text(void **state)
{
    (void)state;
    char text[] = "abc";
    lima_strv list = {0};
    lima_strv_add(&list, text);
    text[0] = 'x';
    assert_string_equal(list.items[0], "abc");
    lima_strv_free(&list);
}

static void add_all__of_itself__doubles(void **state)
{
    (void)state;
    lima_strv list = {0};
    for (int i = 0; i < 7; i++)
        lima_strv_addf(&list, "%d", i);
    lima_strv_add_all(&list, &list);
    assert_int_equal(list.len, 14);
    assert_string_equal(list.items[13], "6");
    lima_strv_free(&list);
}

static void sort__is_by_bytes(void **state)
{
    (void)state;
    lima_strv list = {0};
    const char *const words[] = {"b", "\xC3\xA4", "a", "B", "", "ab"};
    for (size_t i = 0; i < 6; i++)
        lima_strv_add(&list, words[i]);
    lima_strv_sort(&list);
    char *joined = lima_strv_join(&list, ",");
    assert_string_equal(joined, ",B,a,ab,b,\xC3\xA4");
    free(joined);
    lima_strv_free(&list);
}

static void has__only_whole_items(void **state)
{
    (void)state;
    lima_strv list = {0};
    lima_strv_add(&list, "kvm");
    lima_strv_add(&list, "tcg");
    assert_true(lima_strv_has(&list, "tcg"));
    assert_false(lima_strv_has(&list, "tc"));
    assert_false(lima_strv_has(&list, "KVM"));
    lima_strv_free(&list);
}

static void join__puts_separators_between(void **state)
{
    (void)state;
    lima_strv list = {0};
    lima_strv_add(&list, "a");
    lima_strv_add(&list, "");
    lima_strv_add(&list, "ccc");
    char *joined = lima_strv_join(&list, ", ");
    assert_string_equal(joined, "a, , ccc");
    free(joined);
    lima_strv_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_list__has_no_items),
        cmocka_unit_test(add__many__stay_in_order_and_end_with_null),
        cmocka_unit_test(add__copies_the_text),
        cmocka_unit_test(add_all__of_itself__doubles),
        cmocka_unit_test(sort__is_by_bytes),
        cmocka_unit_test(has__only_whole_items),
        cmocka_unit_test(join__puts_separators_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
