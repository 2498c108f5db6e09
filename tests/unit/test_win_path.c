/* What win/path.h makes of paths: a table of each rule, and random ones against what always holds. */
#include "lima_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/utf.h"
#include "path.h"

#define HERE "D:\\work \xc3\xbc"

static void assert_path(const char *path, const char *wanted)
{
    char *found = NULL;
    lima_err err = {0};

    if (!lima_win_path(path, HERE, &found, &err))
        fail_msg("%s", err.text);
    assert_string_equal(found, wanted);
    free(found);
}

static void assert_refused(const char *path)
{
    char *found = NULL;
    lima_err err = {0};

    if (lima_win_path(path, HERE, &found, &err))
        fail_msg("'%s' became '%s'", path, found);
    assert_null(found);
    assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
    assert_true(err.text[0] == '\'');
}

static void path__absolute__goes_behind_the_prefix(void **state)
{
    static const char *const table[][2] = {
        {"C:\\", "\\\\?\\C:\\"},
        {"c:/", "\\\\?\\c:\\"},
        {"C:\\a\\b c", "\\\\?\\C:\\a\\b c"},
        {"C:/a//b/", "\\\\?\\C:\\a\\b"},
        {"C:\\a\\.\\b\\..\\c", "\\\\?\\C:\\a\\c"},
        {"C:\\..\\..\\a", "\\\\?\\C:\\a"},
        {"C:\\a\\..", "\\\\?\\C:\\"},
        {"C:\\gr\xc3\xbc\xc3\x9f\\\xe6\x97\xa5\xe6\x9c\xac\\\xf0\x9f\x90\xa7",
         "\\\\?\\C:\\gr\xc3\xbc\xc3\x9f\\\xe6\x97\xa5\xe6\x9c\xac\\\xf0\x9f\x90\xa7"},
        {"C:\\a & b\\$%'()!", "\\\\?\\C:\\a & b\\$%'()!"},
        {"\\\\server\\share", "\\\\?\\UNC\\server\\share"},
        {"//server/share/a/", "\\\\?\\UNC\\server\\share\\a"},
        {"\\\\wsl$\\lima-x\\..\\etc", "\\\\?\\UNC\\wsl$\\lima-x\\etc"},
        {"\\\\?\\C:\\a\\..\\b", "\\\\?\\C:\\b"},
        {"\\\\?\\unc\\server\\share\\a", "\\\\?\\UNC\\server\\share\\a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_path(table[i][0], table[i][1]);
}

static void path__relative__begins_here(void **state)
{
    (void)state;
    assert_path("a", "\\\\?\\" HERE "\\a");
    assert_path(".", "\\\\?\\" HERE);
    assert_path("..\\a/b", "\\\\?\\D:\\a\\b");
    assert_path("..\\..\\..", "\\\\?\\D:\\");
    assert_path(".hidden", "\\\\?\\" HERE "\\.hidden");
}

static void path__no_file_of_that_name__is_refused(void **state)
{
    static const char *const table[] = {
        "",
        "C:",
        "C:a",
        "c:..\\a",
        "\\a",
        "/a",
        "/",
        "\\",
        "\\\\.\\C:",
        "\\\\.\\nul",
        "\\\\?\\Volume{1}",
        "\\\\?\\GLOBALROOT\\x",
        "\\??\\C:\\a",
        "\\\\?\\C:",
        "\\\\server",
        "\\\\server\\",
        "\\\\server\\pipe",
        "\\\\server\\PIPE\\x",
        "//s/mailslot/x",
        "\\\\?\\UNC\\server\\pipe\\x",
        "\\\\..\\share",
        "\\\\server\\..\\x",
        "C:\\a:stream",
        "a:stream",
        "C:\\a?",
        "C:\\*",
        "C:\\<a>",
        "C:\\a|b",
        "C:\\a\"b",
        "C:\\a\nb",
        "C:\\a.",
        "C:\\a \\b",
        "C:\\...",
        "C:\\ ",
        "C:\\a\\.. \\b",
        "C:\\\xff",
        "C:\\\xed\xa0\x80",
        "C:\\a\xc3",
        "\\\\ser?er\\share",
        "\\\\server\\sh:re\\a",
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_refused(table[i]);
}

static void path__device_names__are_refused_in_every_disguise(void **state)
{
    static const char *const names[] = {"con",  "PRN",  "Aux",  "nul",         "CONIN$",     "conout$",
                                        "com0", "COM1", "lpt9", "com\xc2\xb9", "LPT\xc2\xb3"};
    static const char *const disguises[] = {"%s",     "C:\\%s",      "C:\\%s\\a",     "C:\\a\\%s.txt",
                                            "%s.a.b", "C:\\%s .txt", "\\\\?\\C:\\%s", "\\\\s\\t\\%s"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (size_t j = 0; j < sizeof disguises / sizeof disguises[0]; j++) {
            char *path = lima_mem_printf(disguises[j], names[i]);
            assert_refused(path);
            free(path);
        }
    }
}

static void path__names_like_devices__are_fine(void **state)
{
    static const char *const names[] = {"console", "com",   "com10", "lpt",
                                        "nul1",    "a.nul", "xcon",  "com\xc2\xb4"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = lima_mem_printf("C:\\%s", names[i]), *wanted = lima_mem_printf("\\\\?\\%s", path);
        assert_path(path, wanted);
        free(wanted);
        free(path);
    }
}

/* `count` penguins, two units each, below a folder. */
static char *penguins(size_t count)
{
    char *name = lima_mem_zalloc(count + 1, 4);

    for (size_t i = 0; i < count; i++)
        memcpy(name + i * 4, "\xf0\x9f\x90\xa7", 4);
    char *path = lima_mem_printf("C:\\%s", name);
    free(name);
    return path;
}

static void path__long_names__are_counted_in_utf_16(void **state)
{
    char *fits = penguins(127), *too_long = penguins(128), *wanted = lima_mem_printf("\\\\?\\%s", fits);

    (void)state;
    assert_path(fits, wanted);
    assert_refused(too_long);
    free(fits);
    free(too_long);
    free(wanted);
}

static void path__long__is_taken_up_to_the_limit(void **state)
{
    char *path = lima_mem_zalloc(LIMA_WIN_PATH_MAX + 10, 1);
    size_t len = LIMA_WIN_PATH_MAX - 4;

    (void)state;
    memset(path, 'a', len);
    for (size_t i = 2; i < len; i += 200)
        path[i] = '\\';
    memcpy(path, "C:", 2);
    char *wanted = lima_mem_printf("\\\\?\\%s", path);
    assert_path(path, wanted);
    path[len] = 'a';
    assert_refused(path);
    free(wanted);
    free(path);
}

static void plain__takes_the_prefix_off(void **state)
{
    static const char *const table[][2] = {
        {"\\\\?\\C:\\a", "C:\\a"},
        {"\\\\?\\UNC\\server\\share\\a", "\\\\server\\share\\a"},
        {"C:\\a", "C:\\a"},
        {"\\\\server\\share", "\\\\server\\share"},
        {"\\\\?\\Volume{1}\\a", "\\\\?\\Volume{1}\\a"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *plain = lima_win_path_plain(table[i][0]);
        assert_string_equal(plain, table[i][1]);
        free(plain);
    }
}

/* ---- random paths ---- */

enum { ROUNDS = 20000 };

static char *random_path(uint64_t *seed)
{
    static const char *const pieces[] = {"\\",
                                         "\\",
                                         "/",
                                         "C:",
                                         "\\\\",
                                         "?",
                                         ".",
                                         "..",
                                         "a",
                                         "b c",
                                         "nul",
                                         "COM1",
                                         "x.",
                                         ".x",
                                         " ",
                                         ":",
                                         "$&",
                                         "UNC",
                                         "pipe",
                                         "\xc3\xbc",
                                         "\xe6\x97\xa5",
                                         "\xf0\x9f\x90\xa7",
                                         "\xff",
                                         "s\\t"};
    char *path = lima_mem_strdup("");

    for (uint64_t left = 1 + (*seed >> 33) % 9; left > 0; left--) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        const char *piece = pieces[(*seed >> 33) % (sizeof pieces / sizeof pieces[0])];
        char *longer = lima_mem_printf("%s%s", path, piece);
        free(path);
        path = longer;
    }
    return path;
}

static void assert_sound(const char *path, const char *found)
{
    char *again = NULL, *plain = lima_win_path_plain(found), *from_plain = NULL;
    uint16_t *units;
    size_t len;
    lima_err err;

    if (!lima_str_has_prefix(found, "\\\\?\\") || strchr(found, '/') || strstr(found + 4, "\\\\")
        || strstr(found, "\\.\\") || strstr(found, "\\..\\") || strchr(found + 4, '?'))
        fail_msg("'%s' became '%s'", path, found);
    assert_true(lima_win_path(found, HERE, &again, &err) && lima_win_path(plain, HERE, &from_plain, &err));
    assert_string_equal(again, found);
    assert_string_equal(from_plain, found);
    assert_true(lima_utf8_to_utf16(found, strlen(found), &units, &len, &err));
    free(units);
    free(from_plain);
    free(plain);
    free(again);
}

static void path__random__is_refused_or_stays_the_same_ever_after(void **state)
{
    uint64_t seed = 20261121;
    unsigned taken = 0;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        char *path = random_path(&seed), *found = NULL;
        lima_err err = {0};
        if (lima_win_path(path, HERE, &found, &err)) {
            assert_sound(path, found);
            taken++;
        } else {
            assert_int_equal(err.code, LIMA_CODE_INVALID_ARGUMENT);
        }
        free(found);
        free(path);
    }
    assert_in_range(taken, ROUNDS / 20, ROUNDS - ROUNDS / 20); /* else this tested nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path__absolute__goes_behind_the_prefix),
        cmocka_unit_test(path__relative__begins_here),
        cmocka_unit_test(path__no_file_of_that_name__is_refused),
        cmocka_unit_test(path__device_names__are_refused_in_every_disguise),
        cmocka_unit_test(path__names_like_devices__are_fine),
        cmocka_unit_test(path__long_names__are_counted_in_utf_16),
        cmocka_unit_test(path__long__is_taken_up_to_the_limit),
        cmocka_unit_test(plain__takes_the_prefix_off),
        cmocka_unit_test(path__random__is_refused_or_stays_the_same_ever_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
