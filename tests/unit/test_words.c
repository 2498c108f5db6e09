#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* Words are shown as <word>. */
static void check(const char *text, const char *expected)
{
    lima_strv words = {0};
    lima_err err = {0};
    assert_true(lima_str_split_words(text, &words, &err));
    char shown[256] = "";
    for (size_t i = 0; i < words.len; i++) {
        strcat(shown, "<");
        strcat(shown, words.items[i]);
        strcat(shown, ">");
    }
    assert_string_equal(shown, expected);
    lima_strv_free(&words);
}

static void words__blanks_and_line_breaks_separate(void **state)
{
    (void)state;
    check("qemu -m 1\t-smp\n2 ", "<qemu><-m><1><-smp><2>");
    check("", "");
    check("  \n\t", "");
    check("  a", "<a>");
}

static void words__quotes_join_what_touches(void **state)
{
    (void)state;
    check("a'b c'\"d e\"f", "<ab cd ef>");
    check("'' \"\" x", "<><><x>");
    check("'a\"b' \"a'b\"", "<a\"b><a'b>");
    check("'a\\b'", "<a\\b>");
    check("'a\nb'", "<a\nb>");
}

static void words__backslash(void **state)
{
    (void)state;
    check("a\\ b \\'c \\\\ \\\"", "<a b><'c><\\><\">");
    check("a\\\nb", "<ab>");
    check("a \\\n b", "<a><b>"); /* a continued line between words is no word */
    check("\"a\\\nb\"", "<ab>");
    check("\"\\$\\`\\\"\\\\\\n\"", "<$`\"\\\\n>");
    check("\"C:\\dir\"", "<C:\\dir>");
    check("\\#x #y $HOME *", "<#x><#y><$HOME><*>"); /* nothing is expanded */
}

static void check_fails(const char *text, const char *reason)
{
    lima_strv words = {0};
    lima_err err = {0};
    assert_false(lima_str_split_words(text, &words, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(err.text, reason));
    assert_null(words.items);
}

static void words__left_open__fails(void **state)
{
    (void)state;
    check_fails("a 'b", "single quote");
    check_fails("a \"b", "double quote");
    check_fails("a \"b\\\"", "double quote");
    check_fails("a \"b\\", "double quote");
    check_fails("a b\\", "backslash");
    assert_false(lima_str_split_words("'", &(lima_strv){0}, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words__blanks_and_line_breaks_separate),
        cmocka_unit_test(words__quotes_join_what_touches),
        cmocka_unit_test(words__backslash),
        cmocka_unit_test(words__left_open__fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
