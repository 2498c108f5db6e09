#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf.h"

static const char *const MALFORMED[] = {
    "\x80", /* a continuation alone */
    "\xBF",
    "\xC0\x80",         /* overlong NUL */
    "\xC1\xBF",         /* overlong 0x7F */
    "\xC3",             /* cut */
    "\xC3(",            /* no continuation */
    "\xE0\x80\x80",     /* overlong */
    "\xE0\x9F\xBF",     /* overlong 0x7FF */
    "\xE2\x82",         /* cut */
    "\xED\xA0\x80",     /* surrogate D800 */
    "\xED\xBF\xBF",     /* surrogate DFFF */
    "\xF0\x8F\xBF\xBF", /* overlong 0xFFFF */
    "\xF0\x9F\x98",     /* cut */
    "\xF4\x90\x80\x80", /* 0x110000 */
    "\xF5\x80\x80\x80",
    "\xFE",
    "\xFF",
};

static void valid__malformed_sequences__are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof MALFORMED / sizeof MALFORMED[0]; i++) {
        assert_false(lima_utf8_valid(MALFORMED[i], strlen(MALFORMED[i])));
        char text[16] = "ok";
        strcat(text, MALFORMED[i]);
        assert_false(lima_utf8_valid(text, strlen(text)));
    }
}

static void valid__edges_of_each_length__are_accepted(void **state)
{
    (void)state;
    static const char TEXT[] = "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"
                               "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
    assert_true(lima_utf8_valid(TEXT, sizeof TEXT)); /* the NUL is a character, too */
    assert_true(lima_utf8_valid("", 0));
    assert_true(lima_utf8_valid(NULL, 0));
}

static void char__gives_size_and_code_point(void **state)
{
    (void)state;
    uint32_t character = 77;
    assert_int_equal(lima_utf8_char("", 0, &character), 0);
    assert_int_equal(lima_utf8_char("\xE2\x82\xAC", 2, &character), 0);
    assert_int_equal(character, 77);
    assert_int_equal(lima_utf8_char("\xE2\x82\xAC", 3, &character), 3);
    assert_int_equal(character, 0x20AC);
}

static void cut__never_inside_a_character(void **state)
{
    (void)state;
    static const char TEXT[] = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z"; /* 1 2 3 4 1 bytes */
    static const size_t EXPECTED[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t max = 0; max < sizeof EXPECTED / sizeof EXPECTED[0]; max++)
        assert_int_equal(lima_utf8_cut(TEXT, 11, max), EXPECTED[max]);
}

static void cut__of_other_bytes__is_at_max(void **state)
{
    (void)state;
    static const char CONTINUATIONS[] = "\x80\x80\x80\x80\x80\x80\x80\x80";
    assert_int_equal(lima_utf8_cut(CONTINUATIONS, 8, 5), 5);
    assert_int_equal(lima_utf8_cut(CONTINUATIONS, 8, 0), 0);
}

/* Every code point there is, to UTF-16 and back. */
static void utf16__all_code_points__round_trip(void **state)
{
    (void)state;
    for (uint32_t character = 0; character <= 0x10FFFF; character++) {
        if (character >= 0xD800 && character <= 0xDFFF)
            continue;
        uint16_t units[2] = {(uint16_t)character};
        size_t unit_count = 1;
        if (character > 0xFFFF) {
            units[0] = (uint16_t)(0xD7C0 + (character >> 10));
            units[1] = (uint16_t)(0xDC00 | (character & 0x3FF));
            unit_count = 2;
        }
        char *text;
        uint16_t *back;
        size_t len, back_len;
        uint32_t decoded = 0;
        assert_true(lima_utf16_to_utf8(units, unit_count, &text, &len, NULL));
        assert_int_equal(lima_utf8_char(text, len, &decoded), len);
        assert_int_equal(decoded, character);
        assert_int_equal(text[len], 0);
        assert_true(lima_utf8_to_utf16(text, len, &back, &back_len, NULL));
        assert_int_equal(back_len, unit_count);
        assert_memory_equal(back, units, unit_count * 2);
        assert_int_equal(back[back_len], 0);
        free(text);
        free(back);
    }
}

static void utf16__text__has_the_known_units(void **state)
{
    (void)state;
    static const uint16_t EXPECTED[] = {'a', 0xE4, 0x20AC, 0xD83D, 0xDE00, 0};
    uint16_t *units;
    size_t len;
    assert_true(lima_utf8_to_utf16("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 10, &units, &len, NULL));
    assert_int_equal(len, 5);
    assert_memory_equal(units, EXPECTED, sizeof EXPECTED);
    free(units);
    assert_true(lima_utf8_to_utf16("", 0, &units, &len, NULL));
    assert_int_equal(len, 0);
    assert_int_equal(units[0], 0);
    free(units);
}

static void to_utf16__malformed__tells_the_offset(void **state)
{
    (void)state;
    uint16_t *units = NULL;
    size_t len = 77;
    lima_err err = {0};
    assert_false(lima_utf8_to_utf16("ab\xFFzz", 5, &units, &len, &err));
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(err.text, "0xFF at offset 2"));
    assert_null(units);
    assert_int_equal(len, 77);
}

static void to_utf8__lone_surrogate__tells_the_unit(void **state)
{
    (void)state;
    static const uint16_t BAD[][3] = {{'a', 0xD800, 'b'}, {'a', 0xDC00, 0xD800}, {'a', 0xDBFF, 0xDBFF}};
    for (size_t i = 0; i < 3; i++) {
        char *text = NULL;
        size_t len = 77;
        lima_err err = {0};
        assert_false(lima_utf16_to_utf8(BAD[i], 3, &text, &len, &err));
        assert_non_null(strstr(err.text, "at unit 1"));
        assert_null(text);
        assert_int_equal(len, 77);
    }
    static const uint16_t CUT[] = {0xD83D};
    char *text;
    size_t len;
    assert_false(lima_utf16_to_utf8(CUT, 1, &text, &len, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid__malformed_sequences__are_refused),
        cmocka_unit_test(valid__edges_of_each_length__are_accepted),
        cmocka_unit_test(char__gives_size_and_code_point),
        cmocka_unit_test(cut__never_inside_a_character),
        cmocka_unit_test(cut__of_other_bytes__is_at_max),
        cmocka_unit_test(utf16__all_code_points__round_trip),
        cmocka_unit_test(utf16__text__has_the_known_units),
        cmocka_unit_test(to_utf16__malformed__tells_the_offset),
        cmocka_unit_test(to_utf8__lone_surrogate__tells_the_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
