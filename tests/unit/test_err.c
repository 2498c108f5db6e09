#include "lima_test.h"

#include <string.h>

#include "base/err.h"
#include "base/utf.h"

static void err_set__fills_and_returns_false(void **state)
{
    (void)state;
    lima_err err = {.os_code = 7};
    assert_false(lima_err_set(&err, LIMA_CODE_NOT_FOUND, "instance '%s': %d", "dev", 3));
    assert_int_equal(err.code, LIMA_CODE_NOT_FOUND);
    assert_int_equal(err.os_code, 0);
    assert_string_equal(err.text, "instance 'dev': 3");
}

static void err_set__null_error__is_ignored(void **state)
{
    (void)state;
    assert_false(lima_err_set(NULL, LIMA_CODE_INTERNAL, "x"));
    assert_false(lima_err_wrap(NULL, "x"));
}

static bool vset(lima_err *err, int os_code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    bool ok = lima_err_vset(err, LIMA_CODE_PERMISSION_DENIED, os_code, fmt, args);
    va_end(args);
    return ok;
}

static void err_vset__keeps_os_code(void **state)
{
    (void)state;
    lima_err err = {0};
    assert_false(vset(&err, 13, "open '%s'", "f"));
    assert_int_equal(err.os_code, 13);
    assert_int_equal(err.code, LIMA_CODE_PERMISSION_DENIED);
    assert_string_equal(err.text, "open 'f'");
}

static void err_wrap__puts_prefix_and_keeps_codes(void **state)
{
    (void)state;
    lima_err err = {0};
    vset(&err, 2, "no such file");
    assert_false(lima_err_wrap(&err, "pid file '%s'", "qemu.pid"));
    assert_false(lima_err_wrap(&err, "instance"));
    assert_string_equal(err.text, "instance: pid file 'qemu.pid': no such file");
    assert_int_equal(err.os_code, 2);
    assert_int_equal(err.code, LIMA_CODE_PERMISSION_DENIED);
}

static void err_set__argument_inside_the_error__works(void **state)
{
    (void)state;
    lima_err err = {.text = "first"};
    lima_err_set(&err, LIMA_CODE_INTERNAL, "second after %s", err.text);
    assert_string_equal(err.text, "second after first");
    lima_err_wrap(&err, "%s", err.text);
    assert_string_equal(err.text, "second after first: second after first");
}

static void err_set__long_text__is_cut_with_dots(void **state)
{
    (void)state;
    char text[LIMA_ERR_TEXT_MAX + 10];
    memset(text, 'x', sizeof text);
    text[LIMA_ERR_TEXT_MAX - 1] = '\0';
    lima_err err = {0};
    lima_err_set(&err, LIMA_CODE_INTERNAL, "%s", text);
    assert_string_equal(err.text, text); /* the longest that fits */
    text[LIMA_ERR_TEXT_MAX - 1] = 'x';
    text[LIMA_ERR_TEXT_MAX] = '\0';
    lima_err_set(&err, LIMA_CODE_INTERNAL, "%s", text);
    assert_int_equal(strlen(err.text), LIMA_ERR_TEXT_MAX - 1);
    assert_string_equal(err.text + LIMA_ERR_TEXT_MAX - 5, "x...");
}

/* Every offset of the cut inside a four-byte character. */
static void err_set__long_text__never_cuts_a_character(void **state)
{
    (void)state;
    for (int shift = 0; shift < 4; shift++) {
        char text[LIMA_ERR_TEXT_MAX + 100] = "abcd";
        text[shift] = '\0';
        while (strlen(text) < LIMA_ERR_TEXT_MAX + 50)
            strcat(text, "\xF0\x9F\x98\x80");
        lima_err err = {0};
        lima_err_set(&err, LIMA_CODE_INTERNAL, "%s", text);
        size_t len = strlen(err.text);
        assert_true(lima_utf8_valid(err.text, len));
        assert_null(strchr(err.text, '?'));
        assert_string_equal(err.text + len - 3, "...");
        assert_in_range(len, LIMA_ERR_TEXT_MAX - 4, LIMA_ERR_TEXT_MAX - 1);
    }
}

static void err_set__foreign_bytes__become_question_marks(void **state)
{
    (void)state;
    lima_err err = {0};
    lima_err_set(&err, LIMA_CODE_INTERNAL, "file '%s', %.1s", "\xFF\xFE \xC3\xA4", "\xC3\xA4");
    assert_string_equal(err.text, "file '?? \xC3\xA4', ?");
}

static void code_name__of_each_code(void **state)
{
    (void)state;
    assert_string_equal(lima_code_name(LIMA_CODE_OK), "OK");
    assert_string_equal(lima_code_name(LIMA_CODE_INVALID_ARGUMENT), "INVALID_ARGUMENT");
    assert_string_equal(lima_code_name(LIMA_CODE_UNAVAILABLE), "UNAVAILABLE");
    assert_string_equal(lima_code_name(LIMA_CODE_UNAUTHENTICATED), "UNAUTHENTICATED");
    assert_string_equal(lima_code_name((lima_code)17), "UNKNOWN");
    assert_string_equal(lima_code_name((lima_code)-1), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_set__fills_and_returns_false),
        cmocka_unit_test(err_set__null_error__is_ignored),
        cmocka_unit_test(err_vset__keeps_os_code),
        cmocka_unit_test(err_wrap__puts_prefix_and_keeps_codes),
        cmocka_unit_test(err_set__argument_inside_the_error__works),
        cmocka_unit_test(err_set__long_text__is_cut_with_dots),
        cmocka_unit_test(err_set__long_text__never_cuts_a_character),
        cmocka_unit_test(err_set__foreign_bytes__become_question_marks),
        cmocka_unit_test(code_name__of_each_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
