#include "wsl2_test.h"

#include "wsl2/output.h"

static void assert_text(const void *bytes, size_t len, const char *wanted)
{
    char *text = lima_wsl2_output_text(bytes, len);
    assert_string_equal(text, wanted);
    free(text);
}

/* A literal whose NULs count. */
#define assert_bytes(literal, wanted) assert_text(literal, sizeof(literal) - 1, wanted)

static void text__nothing__is_empty(void **state)
{
    (void)state;
    assert_text(NULL, 0, "");
    assert_bytes("", "");
}

static void text__utf8__loses_cr_and_bom(void **state)
{
    (void)state;
    assert_bytes("lima-dev\r\nx\xc3\xa4\r\n", "lima-dev\nx\xc3\xa4\n");
    assert_bytes("\xef\xbb\xbfxy\r\n", "xy\n");
}

static void text__utf16__with_and_without_bom(void **state)
{
    (void)state;
    assert_bytes("a\0b\0\r\0\n\0c\0\r\0\n\0", "ab\nc\n");
    assert_bytes("\xff\xfe"
                 "a\0\r\0\n\0",
                 "a\n");
}

static void text__cr_cr_lf__is_one_line_end(void **state)
{
    (void)state;
    assert_bytes("a\0\r\0\r\0\n\0b\0\r\0\r\0\n\0", "a\nb\n");
    assert_bytes("a\r\r\nb\r\r\n", "a\nb\n");
}

static void text__trailing_nul__is_dropped(void **state)
{
    (void)state;
    assert_bytes("a\0b\0\0\0", "ab");
}

static void text__surrogate_pair__is_one_character(void **state)
{
    (void)state;
    assert_bytes("\x3d\xd8\x00\xde\r\0\n\0", "\xf0\x9f\x98\x80\n");
}

static void text__lone_surrogate__is_replaced(void **state)
{
    (void)state;
    assert_bytes("a\0\x3d\xd8\r\0\n\0", "a\xef\xbf\xbd\n");
    assert_bytes("a\0\x00\xde\x62\0", "a\xef\xbf\xbd"
                                      "b");
}

static void text__unit_cut_in_half__is_dropped(void **state)
{
    (void)state;
    assert_bytes("a\0b\0c", "ab");
}

static void text__utf8_line_of_a_tool_in_utf16__is_kept(void **state)
{
    (void)state;
    assert_bytes("bsdtar: \xc3\xbc: damaged\n"
                 "F\0e\0h\0\r\0\n\0"
                 "tail\n",
                 "bsdtar: \xc3\xbc: damaged\nFeh\ntail\n");
}

static void text__japanese_utf16_line_without_ascii__is_read(void **state)
{
    (void)state;
    lima_buf bytes = LIMA_BUF(4096);
    add_utf16(&bytes,
              "\xe4\xb8\x8a\xe4\xb9\x9f\xe4\xb8\x80\r\n"); /* U+4E0A has the byte of a line feed in it */
    assert_text(bytes.data, bytes.len, "\xe4\xb8\x8a\xe4\xb9\x9f\xe4\xb8\x80\n");
    lima_buf_free(&bytes);
}

static void text__chinese_utf16_line_with_ascii__is_read(void **state)
{
    (void)state;
    static const char words[] =
        "\xe4\xbb\xa5\xe4\xb8\x8a WSL \xe2\x80\x9c\xe4\xb8\x8a\xe2\x80\x9d\n\xe4\xb8\x8a 2 \xe4\xb8\x8a\n";
    lima_buf bytes = LIMA_BUF(4096);
    add_utf16(&bytes, words);
    assert_text(bytes.data, bytes.len, words);
    lima_buf_free(&bytes);
}

static void text__empty_utf8_lines__stay(void **state)
{
    (void)state;
    assert_bytes("\n\nab\n\ncd \xc3\xa4\r\n\r\n", "\n\nab\n\ncd \xc3\xa4\n\n");
    assert_bytes("\nx", "\nx");
    assert_bytes("\n", "\n");
}

static void text__japanese_cut_before_its_line_end__is_read(void **state)
{
    (void)state;
    static const char words[] =
        "\xe6\x8c\x87\xe5\xae\x9a\xe3\x81\x95\xe3\x82\x8c\xe3\x81\x9f\xe5\x90\x8d\xe5\x89\x8d";
    lima_buf bytes = LIMA_BUF(4096);
    add_utf16(&bytes, words);
    assert_text(bytes.data, bytes.len, words);
    lima_buf_free(&bytes);
}

static void text__code_page_437__is_not_taken_for_utf16(void **state)
{
    (void)state;
    static const char german[] = "Die Distribution l\x84uft nicht, und die Datei kann nicht ge\x94"
                                 "ffnet werden.";
    char *text = lima_wsl2_output_text(german, sizeof german - 1);
    assert_non_null(strstr(text, "Die Distribution l"));
    assert_non_null(strstr(text, "werden."));
    free(text);
}

static void text__any_cut__gives_utf8_that_begins_alike(void **state)
{
    (void)state;
    lima_buf bytes = LIMA_BUF(4096);
    add_utf16(&bytes, "L\xc3\xa9 \xed\x95\x9c\xea\xb8\x80 \xe8\xaf\xad\r\nWsl/Service/E_FAIL\r\n");
    for (size_t len = 0; len <= bytes.len; len++) {
        char *text = lima_wsl2_output_text(bytes.data, len);
        assert_true(lima_utf8_valid(text, strlen(text)));
        if (len >= 4)
            assert_memory_equal(text, "L\xc3\xa9", 3);
        free(text);
    }
    lima_buf_free(&bytes);
}

static void lines__blank_ends_and_nbsp__go(void **state)
{
    (void)state;
    lima_strv lines = {0};
    lima_wsl2_output_lines("\n \xc2\xa0 one two\xc2\xa0 \n\t\n\xe3\x80\x80three", &lines);
    assert_int_equal(lines.len, 2);
    assert_string_equal(lines.items[0], "one two");
    assert_string_equal(lines.items[1], "three");
    lima_strv_free(&lines);
}

static void warnings__are_told_apart_from_words(void **state)
{
    (void)state;
    static const char text[] = "wsl: first\nwords\nwsl:none\n wsl: second \n";
    lima_strv warnings = {0};
    lima_wsl2_output_warnings(text, &warnings);
    assert_int_equal(warnings.len, 2);
    assert_string_equal(warnings.items[0], "first");
    assert_string_equal(warnings.items[1], "second");
    lima_strv_free(&warnings);
    char *words = lima_wsl2_output_one_line(text, 100);
    assert_string_equal(words, "words; wsl:none");
    free(words);
}

static void one_line__too_long__is_cut_at_a_character(void **state)
{
    (void)state;
    static const struct {
        size_t max;
        const char *wanted;
    } table[] = {{100, "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"},
                 {8, "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"},
                 {7, "\xc3\xa4\xc3\xa4..."},
                 {6, "\xc3\xa4..."},
                 {4, "..."},
                 {3, ""},
                 {0, ""}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *words = lima_wsl2_output_one_line("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\n", table[i].max);
        assert_string_equal(words, table[i].wanted);
        free(words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text__nothing__is_empty),
        cmocka_unit_test(text__utf8__loses_cr_and_bom),
        cmocka_unit_test(text__utf16__with_and_without_bom),
        cmocka_unit_test(text__cr_cr_lf__is_one_line_end),
        cmocka_unit_test(text__trailing_nul__is_dropped),
        cmocka_unit_test(text__surrogate_pair__is_one_character),
        cmocka_unit_test(text__lone_surrogate__is_replaced),
        cmocka_unit_test(text__unit_cut_in_half__is_dropped),
        cmocka_unit_test(text__utf8_line_of_a_tool_in_utf16__is_kept),
        cmocka_unit_test(text__japanese_utf16_line_without_ascii__is_read),
        cmocka_unit_test(text__chinese_utf16_line_with_ascii__is_read),
        cmocka_unit_test(text__empty_utf8_lines__stay),
        cmocka_unit_test(text__japanese_cut_before_its_line_end__is_read),
        cmocka_unit_test(text__code_page_437__is_not_taken_for_utf16),
        cmocka_unit_test(text__any_cut__gives_utf8_that_begins_alike),
        cmocka_unit_test(lines__blank_ends_and_nbsp__go),
        cmocka_unit_test(warnings__are_told_apart_from_words),
        cmocka_unit_test(one_line__too_long__is_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
