#include "lima_test.h"

#include <stdlib.h>

#include "base/path.h"

static void check_join(const char *dir, const char *name, const char *expected)
{
    char *path = lima_path_join(dir, name);
    assert_string_equal(path, expected);
    free(path);
}

static void join__exactly_one_separator(void **state)
{
    (void)state;
    check_join("a", "b", "a/b");
    check_join("a/", "b", "a/b");
    check_join("a//", "b/c", "a/b/c");
    check_join("/", "b", "/b");
    check_join("a b/\xC3\xA4", "c,\"d", "a b/\xC3\xA4/c,\"d");
    check_join("a", "", "a");
    check_join("a/", "", "a");
    check_join("/", "", "/");
}

static void join__absolute_name_or_no_folder__gives_name(void **state)
{
    (void)state;
    check_join("a", "/b", "/b");
    check_join("", "b", "b");
    check_join("", "", "");
    check_join("C:\\a", "D:/b", "D:\\b");
    check_join("/a", "C:\\b", "C:\\b");
    check_join("C:\\a", "\\\\server\\share", "\\\\server\\share");
}

static void join__windows__uses_backslashes(void **state)
{
    (void)state;
    check_join("C:\\a", "b", "C:\\a\\b");
    check_join("C:/a/", "b/c", "C:\\a\\b\\c");
    check_join("C:\\", "b", "C:\\b");
    check_join("c:", "b", "c:\\b");
    check_join("C:\\a", "\\b", "C:\\a\\b");
    check_join("C:\\a", "", "C:\\a");
    check_join("C:/a", "", "C:\\a");
    check_join("\\\\server\\share", "b", "\\\\server\\share\\b");
    check_join("\\\\?\\C:\\", "b", "\\\\?\\C:\\b");
}

static void join__posix__backslash_is_a_character(void **state)
{
    (void)state;
    check_join("a\\", "b", "a\\/b");
    check_join("/a", "\\b", "/a/\\b");
}

static void check_split(const char *path, const char *dir, const char *base)
{
    char *found_dir = lima_path_dir(path), *found_base = lima_path_base(path);
    assert_string_equal(found_dir, dir);
    assert_string_equal(found_base, base);
    free(found_dir);
    free(found_base);
}

static void dir_and_base__posix(void **state)
{
    (void)state;
    check_split("a/b", "a", "b");
    check_split("a/b/", "a", "b");
    check_split("a//b//", "a", "b");
    check_split("/a/b c", "/a", "b c");
    check_split("b", ".", "b");
    check_split("b/", ".", "b");
    check_split("/b", "/", "b");
    check_split("//b", "/", "b");
    check_split("/", "/", "/");
    check_split("", ".", "");
    check_split("a\\b", ".", "a\\b");
}

static void dir_and_base__windows(void **state)
{
    (void)state;
    check_split("C:\\a\\b", "C:\\a", "b");
    check_split("C:/a/b/", "C:\\a", "b");
    check_split("C:\\a", "C:\\", "a");
    check_split("C:\\", "C:\\", "C:\\");
    check_split("C:/", "C:\\", "C:\\");
    check_split("C:a", "C:", "a");
    check_split("\\\\server\\share\\a\\b", "\\\\server\\share\\a", "b");
    check_split("\\\\server\\share\\a", "\\\\server\\share", "a");
    check_split("\\\\server\\share", "\\\\server\\share", "\\\\server\\share");
    check_split("\\\\server", "\\\\server", "\\\\server");
    check_split("\\\\?\\C:\\a", "\\\\?\\C:\\", "a");
}

static void absolute(void **state)
{
    (void)state;
    static const char *const YES[] = {"/", "/a", "C:\\", "c:/a", "\\\\server\\share", "\\\\?\\C:\\"};
    static const char *const NO[] = {"", "a", "./a", "C:", "C:a", "\\a", "~/a", "1:/a", "@:/"};
    for (size_t i = 0; i < sizeof YES / sizeof YES[0]; i++)
        assert_true(lima_path_is_absolute(YES[i]));
    for (size_t i = 0; i < sizeof NO / sizeof NO[0]; i++)
        assert_false(lima_path_is_absolute(NO[i]));
}

static void path_clean__forms_of_one_path(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"\\\\?\\C:\\a b\\", "C:\\a b"},
        {"C:/a/b//", "C:\\a\\b"},
        {"C:\\", "C:\\"},
        {"\\\\?\\C:\\", "C:\\"},
        {"\\\\?\\UNC\\s\\x\\", "\\\\s\\x"},
        {"\\\\?\\unc\\s\\x", "\\\\s\\x"},
        {"\\\\s\\x", "\\\\s\\x"},
        {"/lh/dev/", "/lh/dev"},
        {"/", "/"},
        {"/lh/a\\b", "/lh/a\\b"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *clean = lima_path_clean(table[i][0]);
        assert_string_equal(clean, table[i][1]);
        free(clean);
    }
}

static void path_same__case_counts_only_on_posix(void **state)
{
    (void)state;
    assert_true(lima_path_same("\\\\?\\c:\\LH\\dev", "C:/lh/Dev/"));
    assert_false(lima_path_same("C:\\lh\\dev", "C:\\lh\\dev2"));
    assert_true(lima_path_same("/lh/dev/", "/lh/dev"));
    assert_false(lima_path_same("/lh/dev", "/lh/Dev"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(join__exactly_one_separator),
        cmocka_unit_test(join__absolute_name_or_no_folder__gives_name),
        cmocka_unit_test(join__windows__uses_backslashes),
        cmocka_unit_test(join__posix__backslash_is_a_character),
        cmocka_unit_test(dir_and_base__posix),
        cmocka_unit_test(dir_and_base__windows),
        cmocka_unit_test(absolute),
        cmocka_unit_test(path_clean__forms_of_one_path),
        cmocka_unit_test(path_same__case_counts_only_on_posix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
