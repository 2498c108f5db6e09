/* Paths and names that only Windows has, through the functions of os/file.h. */
#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include "support.h"

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "path.h"
#include "wide.h"
#include "wine.h"

static void each_name__with_traps__names_exactly_that_file(void **state)
{
    static const char *const names[] = {
        "a b",
        "a & b",
        "it's",
        "$HOME",
        "%PATH%",
        "gr\xc3\xbc\xc3\x9f",
        "\xe6\x97\xa5\xe6\x9c\xac",
        "\xf0\x9f\x90\xa7 x",
        "a;b,c",
        "(x)",
        "a^b!",
        "a=b",
        "-a",
        "[a]{b}",
        "~a",
        "a.b.c",
        ".hidden",
        " a",
        "@a#",
        "console",
    };
    lima_strv found = {0};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = in_folder(state, names[i]);
        put_file(path, names[i]);
        assert_file(path, names[i]);
        assert_int_equal(look(path).kind, LIMA_FILE_REGULAR);
        free(path);
    }
    assert_ok(lima_dir_list(*state, 100, &found, err));
    assert_int_equal(found.len, sizeof names / sizeof names[0]);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_true(lima_strv_has(&found, names[i]));
    lima_strv_free(&found);
}

/* Every function refuses, says why, and makes nothing. */
static void assert_refused(const char *path, const char *good)
{
    lima_file_info at;
    lima_buf text = LIMA_BUF(10);
    lima_strv names = {0};
    lima_file_lock *lock = NULL;
    lima_file *file = NULL;
    char *real = NULL;
    uint64_t bytes;

    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_stat(path, true, &at, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_read(path, &text, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_write(path, "x", 1, LIMA_FILE_PRIVATE, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_remove(path, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_rename(path, good, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_rename(good, path, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_free_space(path, &bytes, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_real_path(path, &real, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_link_make(path, good, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_dir_make(path, LIMA_FILE_SHARED, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_dir_list(path, 10, &names, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_dir_remove(path, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_lock_take(path, 0, &lock, err));
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_open(path, LIMA_FILE_CREATE, &file, err));
}

static void each_name__that_windows_changes_or_takes__is_refused_everywhere(void **state)
{
    static const char *const names[] = {"nul", "con.txt", "COM1", "a.", "a ", "a:b", "a?", "nul/a", "sub./a"};
    static const char *const paths[] = {"C:a",           "/a", "\\a", "\\\\.\\C:\\a", "\\\\?\\GLOBALROOT\\a",
                                        "\\\\.\\pipe\\a"};
    char *good = in_folder(state, "good");

    put_file(good, "");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = in_folder(state, names[i]);
        assert_refused(path, good);
        free(path);
    }
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        assert_refused(paths[i], good);
    assert_int_equal(count_entries(*state), 1);
    free(good);
}

static void long_path__far_beyond_260__works_throughout(void **state)
{
    char *path = lima_mem_strdup(*state);
    lima_file *file = NULL;
    lima_file_lock *lock = NULL;

    for (int i = 0; i < 12; i++) {
        char *deeper = lima_mem_printf("%s\\a folder with a long name, the %dth \xc3\xbc", path, i);
        free(path);
        path = deeper;
    }
    assert_true(strlen(path) > 400);
    assert_ok(lima_dir_make(path, LIMA_FILE_PRIVATE, err));
    char *a = lima_path_join(path, "a"), *b = lima_path_join(path, "b");
    put_file(a, "content");
    assert_ok(lima_file_rename(a, b, err));
    assert_file(b, "content");
    assert_ok(lima_file_lock_take(a, 0, &lock, err));
    lima_file_lock_release(lock);
    assert_ok(lima_file_remove(a, err));
    assert_ok(lima_file_open(a, LIMA_FILE_CREATE, &file, err));
    lima_file_close(file);
    assert_int_equal(count_entries(path), 2);
    free(b);
    free(a);
    free(path);
}

static void real_path__longer_than_260__is_whole_and_plain(void **state)
{
    char *path = in_folder(
        state, "0123456789012345678901234567890123456789\\0123456789012345678901234567890123456789"
               "\\0123456789012345678901234567890123456789\\0123456789012345678901234567890123456789"
               "\\0123456789012345678901234567890123456789\\0123456789012345678901234567890123456789");
    char *real = NULL;

    if (on_wine()) {
        free(path);
        lima_skip("Wine tells no final path over 260 characters");
    }
    assert_ok(lima_dir_make(path, LIMA_FILE_PRIVATE, err));
    assert_ok(lima_file_real_path(path, &real, err));
    assert_true(lima_str_has_suffix(real, "\\0123456789012345678901234567890123456789"));
    assert_false(lima_str_has_prefix(real, "\\\\?\\"));
    free(real);
    free(path);
}

static void path__with_prefix_or_slashes__is_the_same_file(void **state)
{
    char *path = in_folder(state, "f"), *prefixed = lima_mem_printf("\\\\?\\%s", path),
         *slashes = lima_mem_strdup(path);

    put_file(path, "x");
    for (char *at = slashes; *at; at++)
        if (*at == '\\')
            *at = '/';
    assert_file(prefixed, "x");
    assert_file(slashes, "x");
    free(slashes);
    free(prefixed);
    free(path);
}

static void path__relative__begins_at_the_current_folder(void **state)
{
    wchar_t *dir = NULL, before[MAX_PATH];

    assert_true(GetCurrentDirectoryW(MAX_PATH, before) > 0);
    assert_ok(lima_wide_path_plain(*state, &dir, err));
    assert_true(SetCurrentDirectoryW(dir));
    put_file("f", "x");
    assert_ok(lima_dir_make("a/b", LIMA_FILE_PRIVATE, err));
    assert_file(".\\a\\..\\f", "x");
    assert_true(SetCurrentDirectoryW(before));
    char *path = in_folder(state, "f"), *deep = in_folder(state, "a\\b");
    assert_file(path, "x");
    assert_int_equal(look(deep).kind, LIMA_FILE_DIR);
    free(deep);
    free(path);
    free(dir);
}

/* ---- against what Windows makes of a path ---- */

enum { ROUNDS = 3000 };

static char *random_path(uint64_t *seed)
{
    static const char *const pieces[] = {"\\", "\\",  "/",   "C:\\", "\\\\", "\\\\s\\t\\a", ".",        "..",
                                         "a",  "b c", "NUL", "com1", "x.",   ".x",          "\xc3\xbc", " "};
    char *path = lima_mem_strdup("");

    for (uint64_t left = 1 + (*seed >> 33) % 8; left > 0; left--) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        char *longer =
            lima_mem_printf("%s%s", path, pieces[(*seed >> 33) % (sizeof pieces / sizeof pieces[0])]);
        free(path);
        path = longer;
    }
    return path;
}

/* Wine leaves doubled separators behind the share of a server. */
static bool is_doubled_on_server(const char *path)
{
    bool server = path[0] && path[1] && strchr("\\/", path[0]) && strchr("\\/", path[1]);

    for (const char *at = path + 2; server && at[0] && at[1]; at++)
        if (strchr("\\/", at[0]) && strchr("\\/", at[1]))
            return true;
    return false;
}

/* What we take must mean to us what it means to Windows. */
static void path__random__is_understood_as_windows_does(void **state)
{
    uint64_t seed = 4;
    unsigned taken = 0;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        char *path = random_path(&seed), *ours = NULL;
        wchar_t *plain = NULL, *raw = NULL, theirs[1024];
        if (!is_doubled_on_server(path) && lima_wide_path_plain(path, &plain, NULL)) {
            assert_ok(lima_wide_from_utf8(path, &raw, err));
            assert_in_range(GetFullPathNameW(raw, 1024, theirs, NULL), 1, 1023);
            size_t len = wcslen(theirs);
            if (len > 3 && theirs[len - 1] == L'\\' && plain[wcslen(plain) - 1] != L'\\')
                theirs[len - 1] = L'\0'; /* it keeps a separator at the end */
            assert_ok(lima_wide_to_utf8(theirs, &ours, err));
            char *mine = NULL;
            assert_ok(lima_wide_to_utf8(plain, &mine, err));
            assert_string_equal(mine, ours);
            free(mine);
            taken++;
        }
        free(ours);
        free(raw);
        free(plain);
        free(path);
    }
    assert_true(taken > ROUNDS / 20);
}

/* ---- names that have no form of ours ---- */

/* Makes a file by its raw name below `dir`; false if this Windows cannot. */
static bool make_raw(const char *dir, const wchar_t *name)
{
    wchar_t *wide = NULL, path[1024];

    assert_ok(lima_wide_path(dir, &wide, err));
    assert_true(wcslen(wide) + wcslen(name) + 2 < 1024);
    wcscpy(path, wide);
    wcscat(path, L"\\");
    wcscat(path, name);
    free(wide);
    HANDLE handle = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return false;
    CloseHandle(handle);
    return true;
}

static void names__that_win32_would_change__are_listed_and_removed(void **state)
{
    static const wchar_t *const names[] = {L"con", L"a.", L"b ", L"nul.txt"};
    char *top = in_folder(state, "top");
    unsigned made = 0;

    assert_ok(lima_dir_make(top, LIMA_FILE_PRIVATE, err));
    for (int i = 0; i < 4; i++)
        made += make_raw(top, names[i]);
    assert_int_equal(count_entries(top), made);
    assert_ok(lima_dir_remove(top, err));
    assert_int_equal(count_entries(*state), 0);
    free(top);
    if (made == 0)
        lima_skip("this Windows makes no such names");
}

static void names__lone_surrogates__are_refused_in_lists_and_removed_with_the_tree(void **state)
{
    char *top = in_folder(state, "top");
    lima_strv names = {0};

    assert_ok(lima_dir_make(top, LIMA_FILE_PRIVATE, err));
    bool made = make_raw(top, L"a\xD83D");
    if (made)
        assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_dir_list(top, 10, &names, err));
    assert_ok(lima_dir_remove(top, err));
    assert_int_equal(count_entries(*state), 0);
    free(top);
    if (!made)
        lima_skip("this Windows makes no such names");
}

static void text__lone_surrogate__is_refused_or_shown_as_replacement(void **state)
{
    static const wchar_t text[] = L"a\xD83D"
                                  L"b\xDC27\xD83D\xDC27";
    char *ours = NULL;
    wchar_t *theirs = NULL;

    (void)state;
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_wide_to_utf8(text, &ours, err));
    assert_null(ours);
    ours = lima_wide_to_text(text, wcslen(text));
    assert_string_equal(ours, "a\xef\xbf\xbd"
                              "b\xef\xbf\xbd\xf0\x9f\x90\xa7");
    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_wide_from_utf8("\xed\xa0\xbd", &theirs, err));
    free(ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(each_name__with_traps__names_exactly_that_file),
        IN_FOLDER(each_name__that_windows_changes_or_takes__is_refused_everywhere),
        IN_FOLDER(long_path__far_beyond_260__works_throughout),
        IN_FOLDER(real_path__longer_than_260__is_whole_and_plain),
        IN_FOLDER(path__with_prefix_or_slashes__is_the_same_file),
        IN_FOLDER(path__relative__begins_at_the_current_folder),
        cmocka_unit_test(path__random__is_understood_as_windows_does),
        IN_FOLDER(names__that_win32_would_change__are_listed_and_removed),
        IN_FOLDER(names__lone_surrogates__are_refused_in_lists_and_removed_with_the_tree),
        cmocka_unit_test(text__lone_surrogate__is_refused_or_shown_as_replacement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
