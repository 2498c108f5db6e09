/* What the drivers of Windows ask for besides files: registry, processes, hvsockets. */
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "hvsocket.h"
#include "os/host.h"
#include "processes.h"
#include "registry.h"
#include "wide.h"
#include "wine.h"

/* ---- registry ---- */

typedef struct place {
    char path[80];
    HKEY key;
} place;

static int key_setup(void **state)
{
    place *at = lima_mem_zalloc(1, sizeof *at);
    wchar_t *wide = NULL;

    snprintf(at->path, sizeof at->path, "Software\\lima-test-%lu", GetCurrentProcessId());
    assert_ok(lima_wide_from_utf8(at->path, &wide, err));
    assert_int_equal(RegCreateKeyExW(HKEY_CURRENT_USER, wide, 0, NULL, REG_OPTION_VOLATILE, KEY_ALL_ACCESS,
                                     NULL, &at->key, NULL),
                     0);
    free(wide);
    *state = at;
    return 0;
}

static int key_teardown(void **state)
{
    place *at = *state;
    wchar_t *wide = NULL;

    RegCloseKey(at->key);
    assert_ok(lima_wide_from_utf8(at->path, &wide, err));
    assert_int_equal(RegDeleteTreeW(HKEY_CURRENT_USER, wide), 0);
    free(wide);
    free(at);
    return 0;
}

static void set_value(const place *at, const wchar_t *name, DWORD type, const void *bytes, DWORD len)
{
    assert_int_equal(RegSetValueExW(at->key, name, 0, type, bytes, len), 0);
}

static void make_subkey(const place *at, const wchar_t *name)
{
    HKEY key;

    assert_int_equal(
        RegCreateKeyExW(at->key, name, 0, NULL, REG_OPTION_VOLATILE, KEY_ALL_ACCESS, NULL, &key, NULL), 0);
    RegCloseKey(key);
}

static void read__values_of_each_type__are_there_by_name(void **state)
{
    place *at = *state;
    const DWORD number = 0x80000003;
    lima_registry_key key = {0};
    uint32_t found = 0;

    set_value(at, L"DistributionName", REG_SZ, L"lima-\x00fc", 14);
    set_value(at, L"BasePath", REG_EXPAND_SZ, L"%TEMP%\\x", 18);
    set_value(at, L"State", REG_DWORD, &number, sizeof number);
    set_value(at, L"DefaultEnvironment", REG_MULTI_SZ, L"A=1\0B=\xd83d\xdc27\0", 20);
    set_value(at, NULL, REG_SZ, L"default", 16);
    make_subkey(at, L"{b}");
    make_subkey(at, L"a \x00fc");
    assert_ok(lima_registry_read(LIMA_REGISTRY_USER, at->path, &key, err));
    assert_int_equal(key.count, 5);
    assert_string_equal(lima_registry_text(&key, "distributionNAME"), "lima-\xc3\xbc");
    assert_string_equal(lima_registry_text(&key, "BasePath"), "%TEMP%\\x");
    assert_string_equal(lima_registry_text(&key, ""), "default");
    assert_true(lima_registry_number(&key, "State", &found) && found == number);
    char *list = lima_strv_join(lima_registry_list(&key, "DefaultEnvironment"), "|");
    assert_string_equal(list, "A=1|B=\xf0\x9f\x90\xa7");
    free(list);
    char *subkeys = lima_strv_join(&key.subkeys, "|");
    assert_string_equal(subkeys, "a \xc3\xbc|{b}");
    free(subkeys);
    assert_null(lima_registry_text(&key, "State"));
    assert_null(lima_registry_list(&key, "BasePath"));
    assert_false(lima_registry_number(&key, "BasePath", &found));
    assert_null(lima_registry_text(&key, "none"));
    lima_registry_free(&key);
    lima_registry_free(&key);
}

static void read__values_that_are_not_what_they_say__are_tolerated(void **state)
{
    static BYTE long_value[LIMA_REGISTRY_DATA_MAX + 2];
    place *at = *state;
    lima_registry_key key = {0};
    uint32_t number;

    set_value(at, L"half", REG_SZ, L"ab", 3);
    set_value(at, L"lone", REG_SZ, L"\xd83d", 4);
    set_value(at, L"short", REG_DWORD, "ab", 2);
    set_value(at, L"binary", REG_BINARY, "ab", 2);
    set_value(at, L"long", REG_SZ, long_value, sizeof long_value);
    set_value(at, L"empty", REG_SZ, L"", 0);
    set_value(at, L"open", REG_SZ, L"abc", 6); /* no NUL at its end */
    set_value(at, L"good", REG_SZ, L"x", 4);
    assert_ok(lima_registry_read(LIMA_REGISTRY_USER, at->path, &key, err));
    assert_int_equal(key.count, 8);
    assert_null(lima_registry_text(&key, "half"));
    assert_null(lima_registry_text(&key, "lone"));
    assert_null(lima_registry_text(&key, "binary"));
    assert_null(lima_registry_text(&key, "long"));
    assert_false(lima_registry_number(&key, "short", &number));
    assert_string_equal(lima_registry_text(&key, "empty"), "");
    assert_string_equal(lima_registry_text(&key, "open"), "abc");
    assert_string_equal(lima_registry_text(&key, "good"), "x");
    lima_registry_free(&key);
}

static void read__missing_key__is_not_found_and_named(void **state)
{
    lima_registry_key key = {0};
    lima_err failed;

    (void)state;
    assert_false(lima_registry_read(LIMA_REGISTRY_USER, "Software\\lima none", &key, &failed));
    assert_int_equal(failed.code, LIMA_CODE_NOT_FOUND);
    assert_non_null(strstr(failed.text, "HKEY_CURRENT_USER\\Software\\lima none"));
    assert_fails(LIMA_CODE_NOT_FOUND,
                 lima_registry_read(LIMA_REGISTRY_MACHINE, "Software\\lima none", &key, err));
}

static void read__machine__is_read_too(void **state)
{
    lima_registry_key key = {0};

    (void)state;
    assert_ok(lima_registry_read(LIMA_REGISTRY_MACHINE, "Software\\Microsoft\\Windows NT\\CurrentVersion",
                                 &key, err));
    assert_non_null(lima_registry_text(&key, "SystemRoot"));
    lima_registry_free(&key);
}

static void read__more_values_than_the_limit__is_out_of_range(void **state)
{
    place *at = *state;
    lima_registry_key key = {0};

    for (int i = 0; i <= LIMA_REGISTRY_VALUES_MAX; i++) {
        wchar_t name[16];
        swprintf(name, 16, L"%d", i);
        if (i == LIMA_REGISTRY_VALUES_MAX) {
            assert_ok(lima_registry_read(LIMA_REGISTRY_USER, at->path, &key, err));
            assert_int_equal(key.count, LIMA_REGISTRY_VALUES_MAX);
            lima_registry_free(&key);
        }
        set_value(at, name, REG_SZ, L"", 2);
    }
    assert_fails(LIMA_CODE_OUT_OF_RANGE, lima_registry_read(LIMA_REGISTRY_USER, at->path, &key, err));
    assert_int_equal(key.count, 0);
}

/* ---- processes ---- */

static const lima_processes_entry *entry_of(const lima_processes *list, uint32_t pid)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->entries[i].pid == pid)
            return &list->entries[i];
    return NULL;
}

typedef struct seen {
    bool listed, child_of_mine;
    char command[512]; /* "": not told */
} seen;

static seen look_for(const char *image, uint32_t pid)
{
    lima_processes list = {0};
    seen found = {0};

    assert_ok(lima_processes_find(image, &list, err));
    const lima_processes_entry *entry = entry_of(&list, pid);
    if (entry) {
        found.listed = true;
        found.child_of_mine = entry->parent == GetCurrentProcessId();
        snprintf(found.command, sizeof found.command, "%s", entry->command ? entry->command : "");
    }
    lima_processes_free(&list);
    lima_processes_free(&list);
    return found;
}

static void find__child_with_arguments__tells_its_command_line_until_it_ends(void **state)
{
    lima_process *child =
        start_child((const char *[]){"hang", "--vm-id {1-2}", "\xc3\xbc \xf0\x9f\x90\xa7", NULL});
    uint32_t pid = lima_process_get_id(child).pid;
    seen before = look_for("CONTRACT_CHILD.exe", pid), elsewhere = look_for("contract_child", pid);

    (void)state;
    end_child(child);
    assert_true(before.listed && before.child_of_mine);
    assert_false(elsewhere.listed);
    assert_false(look_for("contract_child.exe", pid).listed);
    if (on_wine() && !before.command[0])
        lima_skip("Wine tells no command lines of other processes");
    assert_non_null(strstr(before.command, "hang"));
    assert_non_null(strstr(before.command, "--vm-id {1-2}"));
    assert_non_null(strstr(before.command, "\xc3\xbc \xf0\x9f\x90\xa7"));
}

static void find__name_that_nobody_has__is_an_empty_list(void **state)
{
    lima_processes list = {0};

    (void)state;
    assert_ok(lima_processes_find("lima-test-no-such.exe", &list, err));
    assert_int_equal(list.count, 0);
    lima_processes_free(&list);
}

/* ---- hvsockets ---- */

static void hvsocket__no_guid__is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "12345678-1234-1234-1234-12345678901",
                                      "12345678-1234-1234-1234-1234567890123",
                                      "12345678-1234-1234-1234-12345678901g",
                                      "{12345678-1234-1234-1234-123456789012",
                                      "12345678-1234-1234-1234-123456789012}",
                                      "123456781234-1234-1234-1234-56789012",
                                      "wsl1"};
    lima_stream *stream = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_fails(LIMA_CODE_INVALID_ARGUMENT,
                     lima_hvsocket_connect(bad[i], 50001, lima_clock_in(1000), NULL, &stream, err));
}

static void hvsocket__where_there_are_none__says_so(void **state)
{
    static const char *const good[] = {"12345678-1234-1234-1234-123456789012",
                                       "{ABCDEF78-1234-1234-1234-1234567890ab}"};
    lima_stream *stream = NULL;

    (void)state;
    if (!on_wine())
        lima_skip("this Windows may have hvsockets");
    for (size_t i = 0; i < 2; i++)
        assert_fails(LIMA_CODE_FAILED_PRECONDITION,
                     lima_hvsocket_connect(good[i], 50001, lima_clock_in(1000), NULL, &stream, err));
}

#define WITH_KEY(test) cmocka_unit_test_setup_teardown(test, key_setup, key_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KEY(read__values_of_each_type__are_there_by_name),
        WITH_KEY(read__values_that_are_not_what_they_say__are_tolerated),
        cmocka_unit_test(read__missing_key__is_not_found_and_named),
        cmocka_unit_test(read__machine__is_read_too),
        WITH_KEY(read__more_values_than_the_limit__is_out_of_range),
        cmocka_unit_test(find__child_with_arguments__tells_its_command_line_until_it_ends),
        cmocka_unit_test(find__name_that_nobody_has__is_an_empty_list),
        cmocka_unit_test(hvsocket__no_guid__is_refused),
        cmocka_unit_test(hvsocket__where_there_are_none__says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
