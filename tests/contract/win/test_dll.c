/* DLLs by name at run time: found, absent, too old; and that the environment is asked in programs of tests alone, of which
 * this is one (tests/fakes/hcs_dlls). */
#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include "support.h"

#include "dll.h"

typedef struct two_functions {
    DWORD(WINAPI *GetTickCount)(void);
    DWORD(WINAPI *GetCurrentProcessId)(void);
} two_functions;

#define API two_functions
static const lima_win_dll_function good[] = {LIMA_WIN_DLL_FUNCTION(DWORD, GetTickCount, (void))
                                                 LIMA_WIN_DLL_FUNCTION(DWORD, GetCurrentProcessId, (void))};

static lima_win_dll describe(const wchar_t *file, const lima_win_dll_function *functions,
                             two_functions *table)
{
    return (lima_win_dll){file, "turn it on", functions, 2, table, SRWLOCK_INIT, false};
}

static void load__dll_that_is_there__fills_the_table(void **state)
{
    two_functions table = {0};
    lima_win_dll dll = describe(L"kernel32.dll", good, &table);

    (void)state;
    assert_ok(lima_win_dll_load(&dll, err));
    assert_ok(lima_win_dll_load(&dll, err));
    assert_int_equal(table.GetCurrentProcessId(), GetCurrentProcessId());
    assert_true(lima_win_dll_is_there(L"kernel32.dll"));
}

static void load__absent_dll__says_what_to_do_each_time(void **state)
{
    two_functions table = {0};
    lima_win_dll dll = describe(L"lima-none.dll", good, &table);
    lima_err failed = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_false(lima_win_dll_load(&dll, &failed));
        assert_int_equal(failed.code, LIMA_CODE_FAILED_PRECONDITION);
        assert_string_equal(failed.text, "lima-none.dll is not installed: turn it on");
    }
    assert_null(table.GetTickCount);
    assert_false(lima_win_dll_is_there(L"lima-none.dll"));
}

static void load__dll_without_a_function__names_it(void **state)
{
    static const lima_win_dll_function old[] = {{"GetTickCount", offsetof(two_functions, GetTickCount)},
                                                {"LimaNone", offsetof(two_functions, GetCurrentProcessId)}};
    two_functions table = {0};
    lima_win_dll dll = describe(L"kernel32.dll", old, &table);
    lima_err failed = {0};

    (void)state;
    assert_false(lima_win_dll_load(&dll, &failed));
    assert_int_equal(failed.code, LIMA_CODE_FAILED_PRECONDITION);
    assert_string_equal(failed.text, "kernel32.dll has no LimaNone: this Windows is too old; update it");
    assert_null(lima_win_dll_system(L"kernel32.dll", "LimaNone"));
    assert_null(lima_win_dll_system(L"lima-none.dll", "LimaNone"));
}

/* The folder has a file of that name which is no DLL: it, and no other, is what is loaded. */
static void load__folder_in_the_environment__is_the_only_place(void **state)
{
    two_functions table = {0};
    lima_win_dll dll = describe(L"kernel32.dll", good, &table), none = describe(L"version.dll", good, &table);
    char *folder = in_folder(state, ""), *file = in_folder(state, "kernel32.dll");
    lima_err failed = {0};

    put_file(file, "no DLL");
    SetEnvironmentVariableW(L"LIMA_HCS_DLLS", NULL);
    assert_null(lima_win_dll_folder());
    wchar_t wide[MAX_PATH];
    assert_true(MultiByteToWideChar(CP_UTF8, 0, folder, -1, wide, MAX_PATH) > 0);
    assert_true(SetEnvironmentVariableW(L"LIMA_HCS_DLLS", wide));
    char *asked = lima_win_dll_folder();
    bool loaded = lima_win_dll_load(&dll, &failed);
    assert_fails(LIMA_CODE_FAILED_PRECONDITION, lima_win_dll_load(&none, err));
    SetEnvironmentVariableW(L"LIMA_HCS_DLLS", NULL);
    assert_string_equal(asked, folder);
    assert_false(loaded);
    assert_non_null(strstr(failed.text, "kernel32.dll"));
    assert_non_null(lima_win_dll_system(L"kernel32.dll", "GetTickCount"));
    free(asked);
    free(file);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load__dll_that_is_there__fills_the_table),
        cmocka_unit_test(load__absent_dll__says_what_to_do_each_time),
        cmocka_unit_test(load__dll_without_a_function__names_it),
        IN_FOLDER(load__folder_in_the_environment__is_the_only_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
