/* Files as only Windows has them: open elsewhere without sharing, read-only, reparse points, huge. */
#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include "support.h"

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "os/host.h"
#include "wait.h"
#include "wide.h"
#include "wine.h"

static HANDLE open_raw(const char *path, DWORD access, DWORD share)
{
    wchar_t *name = NULL;

    assert_ok(lima_wide_path(path, &name, err));
    HANDLE handle = CreateFileW(name, access, share, NULL, OPEN_EXISTING, 0, NULL);
    free(name);
    assert_true(handle != INVALID_HANDLE_VALUE);
    return handle;
}

static void make_read_only(const char *path)
{
    wchar_t *name = NULL;

    assert_ok(lima_wide_path(path, &name, err));
    assert_true(SetFileAttributesW(name, FILE_ATTRIBUTE_READONLY));
    free(name);
}

/* ---- in use by others ---- */

static void in_use__by_someone_who_shares_nothing__fails_within_the_bound_and_changes_nothing(void **state)
{
    char *path = in_folder(state, "f"), *other = in_folder(state, "other");
    lima_buf text = LIMA_BUF(10);

    put_file(path, "kept");
    put_file(other, "new");
    HANDLE held = open_raw(path, GENERIC_READ, 0);
    uint64_t before = lima_clock_now();
    assert_fails(LIMA_CODE_FAILED_PRECONDITION, lima_file_remove(path, err));
    assert_true(lima_clock_now() - before >= LIMA_WIN_RETRY_MS);
    assert_fails(LIMA_CODE_FAILED_PRECONDITION, lima_file_read(path, &text, err));
    assert_false(lima_file_write(path, "x", 1, LIMA_FILE_PRIVATE, NULL));
    assert_false(lima_file_rename(other, path, NULL));
    CloseHandle(held);
    assert_file(path, "kept");
    assert_file(other, "new");
    assert_int_equal(count_entries(*state), 2); /* no temporary file */
    free(other);
    free(path);
}

typedef struct held {
    HANDLE handle;
    lima_wake *begun;
} held;

static void let_go_soon(void *arg)
{
    held *all = arg;

    lima_wake_raise(all->begun);
    lima_wake_wait(NULL, lima_clock_in(50));
    CloseHandle(all->handle);
}

static lima_thread *hold_for_a_moment(const char *path, held *all, DWORD share)
{
    lima_thread *thread = NULL;

    *all = (held){.handle = open_raw(path, GENERIC_READ, share), .begun = lima_wake_new()};
    assert_ok(lima_thread_start("holder", let_go_soon, all, &thread, err));
    lima_wake_wait(all->begun, LIMA_DEADLINE_NEVER);
    return thread;
}

static void in_use__for_a_moment_only__is_waited_for(void **state)
{
    char *path = in_folder(state, "f"), *other = in_folder(state, "other"), *dir = in_folder(state, "dir"),
         *inner = in_folder(state, "dir\\f");
    held all;

    for (int i = 0; i < 4; i++) {
        put_file(path, "old");
        put_file(other, "new");
        assert_ok(lima_dir_make(dir, LIMA_FILE_PRIVATE, err));
        put_file(inner, "x");
        lima_thread *holder = hold_for_a_moment(i == 3 ? inner : path, &all, 0);
        if (i == 0)
            assert_ok(lima_file_remove(path, err));
        else if (i == 1)
            assert_ok(lima_file_write(path, "new", 3, LIMA_FILE_PRIVATE, err));
        else if (i == 2)
            assert_ok(lima_file_rename(other, path, err));
        else
            assert_ok(lima_dir_remove(dir, err));
        lima_thread_join(holder);
        lima_wake_free(all.begun);
    }
    assert_int_equal(look(dir).kind, LIMA_FILE_NONE);
    free(inner);
    free(dir);
    free(other);
    free(path);
}

static void in_use__by_someone_who_shares_all__is_replaced_and_removed_at_once(void **state)
{
    char *path = in_folder(state, "f");

    if (on_wine()) {
        free(path);
        lima_skip("Wine has no POSIX renames: it keeps the name of an open file");
    }
    put_file(path, "old");
    HANDLE reader = open_raw(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE);
    put_file(path, "new");
    assert_file(path, "new");
    HANDLE second = open_raw(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE);
    assert_ok(lima_file_remove(path, err));
    assert_int_equal(count_entries(*state), 0);
    put_file(path, "again");
    CloseHandle(second);
    CloseHandle(reader);
    assert_file(path, "again");
    free(path);
}

/* What is deleted but still open elsewhere counts as gone, wherever the name stays until then. */
static void deleted__still_open_elsewhere__is_gone_for_everyone(void **state)
{
    char *path = in_folder(state, "f");
    lima_buf text = LIMA_BUF(10);

    if (on_wine()) {
        free(path);
        lima_skip("Wine lets programs open what is being deleted");
    }
    put_file(path, "x");
    HANDLE reader = open_raw(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE);
    assert_ok(lima_file_remove(path, err));
    assert_int_equal(look(path).kind, LIMA_FILE_NONE);
    assert_fails(LIMA_CODE_NOT_FOUND, lima_file_read(path, &text, err));
    assert_ok(lima_file_remove(path, err));
    CloseHandle(reader);
    free(path);
}

static void deleted__still_open_elsewhere__folder_of_it_goes_when_that_is_closed(void **state)
{
    char *dir = in_folder(state, "dir"), *path = in_folder(state, "dir\\f");
    held all;

    if (on_wine()) {
        free(path);
        free(dir);
        lima_skip("Wine says that it has removed such a folder, and keeps it");
    }
    assert_ok(lima_dir_make(dir, LIMA_FILE_PRIVATE, err));
    put_file(path, "x");
    lima_thread *holder =
        hold_for_a_moment(path, &all, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE);
    assert_ok(lima_file_remove(path, err));
    assert_ok(lima_dir_remove(dir, err));
    assert_int_equal(look(dir).kind, LIMA_FILE_NONE);
    lima_thread_join(holder);
    lima_wake_free(all.begun);
    free(path);
    free(dir);
}

/* ---- read-only ---- */

static void read_only__file__is_replaced_renamed_and_removed(void **state)
{
    char *path = in_folder(state, "f"), *other = in_folder(state, "g"), *dir = in_folder(state, "dir"),
         *inner = in_folder(state, "dir\\f");

    put_file(path, "old");
    make_read_only(path);
    put_file(path, "new");
    assert_file(path, "new");
    make_read_only(path);
    assert_ok(lima_file_rename(path, other, err));
    assert_ok(lima_file_remove(other, err));
    assert_ok(lima_dir_make(dir, LIMA_FILE_PRIVATE, err));
    put_file(inner, "x");
    make_read_only(inner);
    assert_ok(lima_dir_remove(dir, err));
    assert_int_equal(count_entries(*state), 0);
    free(inner);
    free(dir);
    free(other);
    free(path);
}

/* ---- links ---- */

static bool make_junction(const char *path, const char *target)
{
    char *command = lima_mem_printf("cmd /c mklink /J \"%s\" \"%s\" >nul 2>nul", path, target);
    wchar_t *wide = NULL;
    STARTUPINFOW how = {.cb = sizeof how};
    PROCESS_INFORMATION made = {0};

    assert_ok(lima_wide_from_utf8(command, &wide, err));
    bool ok = CreateProcessW(NULL, wide, NULL, NULL, FALSE, CREATE_NO_WINDOW, NULL, NULL, &how, &made);
    if (ok) {
        WaitForSingleObject(made.hProcess, PATIENCE_MS);
        CloseHandle(made.hProcess);
        CloseHandle(made.hThread);
    }
    free(wide);
    free(command);
    return ok && look(path).kind == LIMA_FILE_LINK;
}

static void dir_remove__junctions_inside__are_removed_and_not_followed(void **state)
{
    char *top = in_folder(state, "top"), *link = in_folder(state, "top\\link"),
         *kept = in_folder(state, "kept"), *file = in_folder(state, "kept\\f");

    assert_ok(lima_dir_make(top, LIMA_FILE_PRIVATE, err));
    assert_ok(lima_dir_make(kept, LIMA_FILE_PRIVATE, err));
    put_file(file, "kept");
    bool made = make_junction(link, kept);
    if (made) {
        assert_ok(lima_dir_remove(top, err));
        assert_int_equal(look(top).kind, LIMA_FILE_NONE);
        assert_true(make_junction(top, kept));
        assert_ok(lima_dir_remove(top, err)); /* the junction itself */
        assert_int_equal(look(top).kind, LIMA_FILE_NONE);
    }
    assert_file(file, "kept");
    free(file);
    free(kept);
    free(link);
    free(top);
    if (!made)
        lima_skip("this Windows makes no junctions");
}

static void dir_remove__deeper_than_the_limit__fails_and_says_so(void **state)
{
    char *top = in_folder(state, "top"), *path = lima_mem_strdup(top);

    for (int i = 0; i < 70; i++) {
        char *deeper = lima_mem_printf("%s\\d", path);
        free(path);
        path = deeper;
    }
    assert_ok(lima_dir_make(path, LIMA_FILE_PRIVATE, err));
    assert_fails(LIMA_CODE_OUT_OF_RANGE, lima_dir_remove(top, err));
    char *half = lima_mem_printf("%s\\d\\d\\d\\d\\d\\d\\d\\d\\d\\d", top);
    assert_ok(lima_dir_remove(half, err));
    assert_ok(lima_dir_remove(top, err));
    free(half);
    free(path);
    free(top);
}

/* ---- locks, large files ---- */

static void lock__held__does_not_keep_others_from_the_content(void **state)
{
    char *path = in_folder(state, "lock");
    lima_file_lock *lock = NULL;

    put_file(path, "content");
    assert_ok(lima_file_lock_take(path, 0, &lock, err));
    assert_file(path, "content");
    lima_file_lock_release(lock);
    free(path);
}

static void lock__folder__is_refused(void **state)
{
    lima_file_lock *lock = NULL;

    assert_fails(LIMA_CODE_INVALID_ARGUMENT, lima_file_lock_take(*state, 0, &lock, err));
}

/* Removing it is a mistake, but people do: the lock that is held on the former file must not count. */
static void lock__file_renamed_while_held__the_new_file_decides(void **state)
{
    char *path = in_folder(state, "lock"), *aside = in_folder(state, "aside");
    lima_file_lock *old = NULL, *new = NULL, *more = NULL;

    assert_ok(lima_file_lock_take(path, 0, &old, err));
    assert_ok(lima_file_rename(path, aside, err));
    assert_ok(lima_file_lock_take(path, 0, &new, err));
    assert_fails(LIMA_CODE_UNAVAILABLE, lima_file_lock_take(path, 0, &more, err));
    lima_file_lock_release(old);
    assert_fails(LIMA_CODE_UNAVAILABLE, lima_file_lock_take(path, 0, &more, err));
    lima_file_lock_release(new);
    free(aside);
    free(path);
}

static void handle__beyond_four_gigabytes__keeps_offsets_apart_and_costs_nothing(void **state)
{
    const uint64_t far_off = UINT64_C(5) << 30;
    char *path = in_folder(state, "image"), bytes[4] = "";
    lima_file *file = NULL;
    uint64_t before, after;
    size_t len;

    assert_ok(lima_file_free_space(*state, &before, err));
    assert_ok(lima_file_open(path, LIMA_FILE_CREATE, &file, err));
    assert_ok(lima_file_write_at(file, 0, "low", 3, err));
    assert_ok(lima_file_resize(file, far_off + 3, err));
    assert_ok(lima_file_write_at(file, far_off, "far", 3, err));
    assert_ok(lima_file_read_at(file, 0, bytes, 3, &len, err));
    assert_string_equal(bytes, "low");
    assert_ok(lima_file_read_at(file, far_off, bytes, 4, &len, err));
    assert_int_equal(len, 3);
    assert_string_equal(bytes, "far");
    assert_true(look(path).size == far_off + 3);
    assert_ok(lima_file_free_space(*state, &after, err));
    assert_true(after + (UINT64_C(3) << 30) > before); /* others use the disk too */
    assert_fails(LIMA_CODE_OUT_OF_RANGE, lima_file_write_at(file, UINT64_MAX, "x", 1, err));
    lima_file_close(file);
    free(path);
}

/* ---- programs ---- */

/* With PATH as given; owned, NULL if not found. */
static char *find_on(const wchar_t *path, const char *name, lima_code *ret_code)
{
    wchar_t before[32768];
    char *found = NULL;
    lima_err err = {0};

    assert_true(GetEnvironmentVariableW(L"PATH", before, 32768) > 0);
    assert_true(SetEnvironmentVariableW(L"PATH", path));
    lima_file_find_program(name, &found, &err);
    assert_true(SetEnvironmentVariableW(L"PATH", before));
    *ret_code = err.code;
    return found;
}

static void assert_found(const wchar_t *path, const char *name, const char *wanted)
{
    lima_code code;
    char *found = find_on(path, name, &code);

    if (wanted)
        assert_true(lima_str_eq_nocase(found, wanted));
    else
        assert_null(found);
    if (!wanted)
        assert_int_equal(code, LIMA_CODE_NOT_FOUND);
    free(found);
}

static void find_program__on_path__is_an_exe_in_an_absolute_folder(void **state)
{
    char *program = in_folder(state, "tool \xc3\xbc.exe"), *script = in_folder(state, "script.bat"),
         *folder = in_folder(state, "folder.exe"),
         *quoted = lima_mem_printf("\"%s\";C:\\none", (char *)*state);
    wchar_t *plain_path = NULL, *quoted_path = NULL, here[MAX_PATH];

    put_file(program, "MZ");
    put_file(script, "");
    assert_ok(lima_dir_make(folder, LIMA_FILE_PRIVATE, err));
    assert_ok(lima_wide_path_plain(*state, &plain_path, err));
    assert_ok(lima_wide_from_utf8(quoted, &quoted_path, err));
    assert_found(plain_path, "tool \xc3\xbc", program);
    assert_found(plain_path, "tool \xc3\xbc.exe", program);
    assert_found(plain_path, "TOOL \xc3\xbc.EXE", program);
    assert_found(quoted_path, "tool \xc3\xbc", program);
    assert_found(plain_path, "script", NULL);
    assert_found(plain_path, "script.bat", NULL);
    assert_found(plain_path, "folder", NULL);
    assert_true(GetCurrentDirectoryW(MAX_PATH, here) > 0 && SetCurrentDirectoryW(plain_path));
    assert_found(L".;;C:\\none", "tool \xc3\xbc", NULL);
    assert_true(SetCurrentDirectoryW(here));
    free(quoted_path);
    free(plain_path);
    free(quoted);
    free(folder);
    free(script);
    free(program);
}

/* ---- environment ---- */

static void env_get__any_value__is_what_windows_has(void **state)
{
    (void)state;
    assert_true(SetEnvironmentVariableW(L"LIMA_TEST_ENV", L"\x00fc \xd83d\xdc27"));
    char *value = lima_env_get("LIMA_TEST_ENV");
    assert_string_equal(value, "\xc3\xbc \xf0\x9f\x90\xa7");
    free(value);
    assert_true(SetEnvironmentVariableW(L"LIMA_TEST_ENV", L""));
    value = lima_env_get("LIMA_TEST_ENV");
    assert_string_equal(value, "");
    free(value);
    assert_true(SetEnvironmentVariableW(L"LIMA_TEST_ENV", L"\xd83d"));
    assert_null(lima_env_get("LIMA_TEST_ENV"));
    assert_true(SetEnvironmentVariableW(L"LIMA_TEST_ENV", NULL));
    assert_null(lima_env_get("LIMA_TEST_ENV"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(in_use__by_someone_who_shares_nothing__fails_within_the_bound_and_changes_nothing),
        IN_FOLDER(in_use__for_a_moment_only__is_waited_for),
        IN_FOLDER(in_use__by_someone_who_shares_all__is_replaced_and_removed_at_once),
        IN_FOLDER(deleted__still_open_elsewhere__is_gone_for_everyone),
        IN_FOLDER(deleted__still_open_elsewhere__folder_of_it_goes_when_that_is_closed),
        IN_FOLDER(read_only__file__is_replaced_renamed_and_removed),
        IN_FOLDER(dir_remove__junctions_inside__are_removed_and_not_followed),
        IN_FOLDER(dir_remove__deeper_than_the_limit__fails_and_says_so),
        IN_FOLDER(lock__held__does_not_keep_others_from_the_content),
        IN_FOLDER(lock__folder__is_refused),
        IN_FOLDER(lock__file_renamed_while_held__the_new_file_decides),
        IN_FOLDER(handle__beyond_four_gigabytes__keeps_offsets_apart_and_costs_nothing),
        IN_FOLDER(find_program__on_path__is_an_exe_in_an_absolute_folder),
        cmocka_unit_test(env_get__any_value__is_what_windows_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
