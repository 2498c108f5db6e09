/* Command lines are taken apart again by the two sets of rules in use, written here from their
 * descriptions. */
#include "lima_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strv.h"
#include "quote.h"

typedef void parser(const char *line, lima_strv *into);

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *at)
{
    while (is_blank(*at))
        at++;
    return at;
}

static const char *parse_program(const char *at, lima_strv *into)
{
    bool quoted = *at == '"';
    const char *begin = at + quoted;
    size_t len = quoted ? strcspn(begin, "\"") : strcspn(begin, " \t");
    char *word = lima_mem_strndup(begin, len);

    lima_strv_add(into, word);
    free(word);
    return begin + len + quoted;
}

/* One word: in quotes, two marks are one mark; whether the quotes end there is where the two sets of rules
 * part. */
static const char *parse_word(const char *at, bool double_mark_ends, lima_strv *into)
{
    char *word = lima_mem_zalloc(strlen(at) + 1, 1);
    size_t len = 0;
    bool quoted = false;

    while (*at && (quoted || !is_blank(*at))) {
        size_t backslashes = strspn(at, "\\");
        at += backslashes;
        bool mark = *at == '"';
        for (size_t i = 0; i < (mark ? backslashes / 2 : backslashes); i++)
            word[len++] = '\\';
        if (mark && backslashes % 2) {
            word[len++] = *at++;
        } else if (mark && quoted && at[1] == '"') {
            word[len++] = '"';
            at += 2;
            quoted = !double_mark_ends;
        } else if (mark) {
            quoted = !quoted;
            at++;
        } else if (!backslashes && *at) {
            word[len++] = *at++;
        }
    }
    lima_strv_add(into, word);
    free(word);
    return at;
}

static void parse(const char *line, bool double_mark_ends, lima_strv *into)
{
    const char *at = skip_blanks(parse_program(line, into));

    while (*at)
        at = skip_blanks(parse_word(at, double_mark_ends, into));
}

static void parse_as_shell32(const char *line, lima_strv *into)
{
    parse(line, true, into);
}

static void parse_as_c_library(const char *line, lima_strv *into)
{
    parse(line, false, into);
}

static void assert_round_trip(const lima_strv *argv)
{
    static parser *const parsers[] = {parse_as_shell32, parse_as_c_library};
    lima_err err = {0};
    char *line = NULL;

    assert_true(lima_quote(lima_strv_items(argv), &line, &err));
    for (int i = 0; i < 2; i++) {
        lima_strv found = {0};
        parsers[i](line, &found);
        assert_int_equal(found.len, argv->len);
        for (size_t k = 0; k < argv->len; k++)
            assert_string_equal(found.items[k], argv->items[k]);
        lima_strv_free(&found);
    }
    free(line);
}

static void assert_line(const char *const *argv, const char *expected)
{
    char *line = NULL;

    assert_true(lima_quote(argv, &line, NULL));
    assert_string_equal(line, expected);
    free(line);
}

static void quote__plain_arguments__stay_as_they_are(void **state)
{
    (void)state;
    assert_line((const char *[]){"wsl.exe", "-d", "lima-dev", "--exec", "/bin/true", "a\\b\\", NULL},
                "\"wsl.exe\" -d lima-dev --exec /bin/true a\\b\\");
}

static void quote__arguments_with_blanks_and_marks__are_quoted_and_escaped(void **state)
{
    (void)state;
    assert_line(
        (const char *[]){"C:\\a b\\c.exe", "", "a b", "end\\ \\", "say \"hi\"", "\\\"", "*.txt", NULL},
        "\"C:\\a b\\c.exe\" \"\" \"a b\" \"end\\ \\\\\" \"say \\\"hi\\\"\" \"\\\\\\\"\" \"*.txt\"");
}

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245 + 12345;
    return *seed >> 16 & 0x7FFF;
}

static void add_random(lima_strv *argv, unsigned *seed)
{
    static const char *const parts[] = {
        "\"", "\\", " ", "\t", "a", "\\\"", "\"\"", "\n", "\xc3\xbc", "\xe6\x97\xa5", "\xf0\x9f\x98\x80",
        "%",  "^",  "*", "'"};
    char text[100] = "";

    for (unsigned left = next_random(seed) % 9; left > 0; left--)
        strcat(text, parts[next_random(seed) % (sizeof parts / sizeof parts[0])]);
    lima_strv_add(argv, text);
}

static void quote__thousands_of_random_arguments__arrive_by_both_sets_of_rules(void **state)
{
    unsigned seed = 1;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        lima_strv argv = {0};
        lima_strv_add(&argv, i % 2 ? "C:\\Program Files\\x\\y.exe" : "y");
        for (unsigned left = next_random(&seed) % 6; left > 0; left--)
            add_random(&argv, &seed);
        assert_round_trip(&argv);
        lima_strv_free(&argv);
    }
}

static void assert_refused(const char *const *argv)
{
    lima_err err = {0};
    char *line = NULL;

    assert_false(lima_quote(argv, &line, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_null(line);
}

static void quote__program_that_no_line_can_name__is_refused(void **state)
{
    (void)state;
    assert_refused((const char *[]){NULL});
    assert_refused((const char *[]){"", "a", NULL});
    assert_refused((const char *[]){"a\"b", NULL});
}

static void quote__longer_than_windows_allows__is_refused(void **state)
{
    char *text = lima_mem_zalloc(4 * LIMA_QUOTE_MAX, 1);

    (void)state;
    memset(text, 'x', 3 * LIMA_QUOTE_MAX);
    assert_refused((const char *[]){"a", text, NULL});
    text[LIMA_QUOTE_MAX] = '\0';
    char *line = NULL;
    assert_true(lima_quote((const char *[]){"a", text, NULL}, &line, NULL));
    free(line);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quote__plain_arguments__stay_as_they_are),
        cmocka_unit_test(quote__arguments_with_blanks_and_marks__are_quoted_and_escaped),
        cmocka_unit_test(quote__thousands_of_random_arguments__arrive_by_both_sets_of_rules),
        cmocka_unit_test(quote__program_that_no_line_can_name__is_refused),
        cmocka_unit_test(quote__longer_than_windows_allows__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
