#include "wsl2_test.h"

#include "wsl2/registration.h"

#define GUID "12345678-9abc-def0-1234-56789abcdef0"

/* A registered WSL2 distribution in C:\lh\dev. */
static wsl2_registry_values whole(void)
{
    return (wsl2_registry_values){.subkey = "{" GUID "}",
                                  .distribution_name = "lima-dev",
                                  .base_path = "C:\\lh\\dev",
                                  .vhd_file_name = "ext4.vhdx",
                                  .has_state = true,
                                  .state = 1,
                                  .has_flags = true,
                                  .flags = 0xf,
                                  .has_default_uid = true,
                                  .default_uid = 1000};
}

static void read__whole_record__all_of_it(void **state)
{
    (void)state;
    wsl2_registry_values values = whole();
    values.shortcut_path = "C:\\m\\x.lnk";
    values.terminal_profile_path = "\\\\?\\C:\\t\\x.json";
    wsl2_registration made = {0};
    assert_int_equal(lima_wsl2_registration_read(&values, &made), WSL2_SUBKEY_DISTRIBUTION);
    assert_string_equal(made.guid, GUID);
    assert_string_equal(made.name, "lima-dev");
    assert_string_equal(made.base_path, "C:\\lh\\dev");
    assert_string_equal(made.vhd_path, "C:\\lh\\dev\\ext4.vhdx");
    assert_string_equal(made.shortcut, "C:\\m\\x.lnk");
    assert_string_equal(made.terminal_profile, "C:\\t\\x.json");
    assert_int_equal(made.stored, WSL2_STORED_INSTALLED);
    assert_true(made.wsl2);
    assert_int_equal(made.default_uid, 1000);
    lima_wsl2_registration_free(&made);
    assert_null(made.name);
}

static void read__odd_subkeys__are_no_distributions(void **state)
{
    (void)state;
    static const char *const subkeys[] = {"AppxInstallerCache",
                                          "Notifications",
                                          "",
                                          "{}",
                                          "{" GUID,
                                          GUID "}",
                                          "{" GUID "}x",
                                          "{12345678-9abc-def0-1234-56789abcdefg}",
                                          "{123456789abc-def0-1234-56789abcdef0-}"};
    for (size_t i = 0; i < sizeof subkeys / sizeof subkeys[0]; i++) {
        wsl2_registry_values values = whole();
        values.subkey = subkeys[i];
        wsl2_registration made = {.default_uid = 7};
        assert_int_equal(lima_wsl2_registration_read(&values, &made), WSL2_SUBKEY_OTHER);
        assert_int_equal(made.default_uid, 7);
    }
}

static void read__half_written_key__is_nameless(void **state)
{
    (void)state;
    wsl2_registry_values values = {.subkey = "{" GUID "}", .has_state = true, .state = 3};
    wsl2_registration made = {0};
    assert_int_equal(lima_wsl2_registration_read(&values, &made), WSL2_SUBKEY_NAMELESS);
    assert_int_equal(made.stored, WSL2_STORED_INSTALLING);
    assert_null(made.name);
    assert_null(made.vhd_path);
    lima_wsl2_registration_free(&made);
}

static void read__without_path_or_disk_name__default_name(void **state)
{
    (void)state;
    wsl2_registry_values values = whole();
    values.vhd_file_name = NULL;
    values.has_flags = false;
    wsl2_registration made = {0};
    assert_int_equal(lima_wsl2_registration_read(&values, &made), WSL2_SUBKEY_DISTRIBUTION);
    assert_string_equal(made.vhd_path, "C:\\lh\\dev\\ext4.vhdx");
    assert_true(made.wsl2);
    lima_wsl2_registration_free(&made);
    values.base_path = "";
    assert_int_equal(lima_wsl2_registration_read(&values, &made), WSL2_SUBKEY_DISTRIBUTION);
    assert_null(made.base_path);
    lima_wsl2_registration_free(&made);
}

static void read__states__only_three_are_stored(void **state)
{
    (void)state;
    static const wsl2_stored due[] = {WSL2_STORED_ODD,        WSL2_STORED_INSTALLED,    WSL2_STORED_ODD,
                                      WSL2_STORED_INSTALLING, WSL2_STORED_UNINSTALLING, WSL2_STORED_ODD,
                                      WSL2_STORED_ODD};
    for (uint32_t number = 0; number < 7; number++) {
        wsl2_registry_values values = whole();
        values.state = number;
        wsl2_registration made = {0};
        lima_wsl2_registration_read(&values, &made);
        assert_int_equal(made.stored, due[number]);
        lima_wsl2_registration_free(&made);
    }
}

typedef struct kin_row {
    bool registered, elsewhere, guid_known, wsl1;
    uint32_t state;
    bool registered_disk, own_disk;
    wsl2_kinship due;
    lima_code code;
    const char *word; /* in the error */
} kin_row;

static const kin_row kin_rows[] = {
    {false, false, false, false, 0, false, false, WSL2_KIN_NONE, LIMA_CODE_OK, ""},
    {false, false, false, false, 0, false, true, WSL2_KIN_NO_RECORD, LIMA_CODE_FAILED_PRECONDITION,
     "ext4.vhdx"},
    {true, false, false, false, 1, true, true, WSL2_KIN_OURS, LIMA_CODE_OK, ""},
    {true, false, false, false, 1, false, false, WSL2_KIN_NO_DISK, LIMA_CODE_DATA_LOSS,
     "--unregister lima-dev"},
    {true, false, false, true, 1, true, true, WSL2_KIN_NOT_WSL2, LIMA_CODE_FAILED_PRECONDITION,
     "--set-version lima-dev 2"},
    {true, false, false, false, 3, true, true, WSL2_KIN_UNFINISHED, LIMA_CODE_UNAVAILABLE, "installed"},
    {true, false, false, false, 0, false, false, WSL2_KIN_UNFINISHED, LIMA_CODE_UNAVAILABLE, "installed"},
    {true, false, false, false, 4, true, true, WSL2_KIN_GOING, LIMA_CODE_UNAVAILABLE, "removed"},
    {true, true, false, false, 1, true, false, WSL2_KIN_FOREIGN, LIMA_CODE_ALREADY_EXISTS, "left alone"},
    {true, true, false, false, 3, true, true, WSL2_KIN_FOREIGN, LIMA_CODE_ALREADY_EXISTS, "D:\\other"},
    {true, true, true, false, 1, true, false, WSL2_KIN_OURS, LIMA_CODE_OK, ""}, /* moved by its user */
};

static void kinship__table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kin_rows / sizeof kin_rows[0]; i++) {
        const kin_row *row = &kin_rows[i];
        wsl2_registry_values values = whole();
        values.base_path = row->elsewhere ? "D:\\other" : "\\\\?\\c:\\LH\\Dev";
        values.state = row->state;
        values.flags = row->wsl1 ? 7 : 15;
        wsl2_registration found = {0};
        lima_wsl2_registration_read(&values, &found);
        wsl2_kin_facts facts = {row->registered ? &found : NULL, "C:\\lh\\dev", NULL, row->registered_disk,
                                row->own_disk};
        facts.known_guid = row->guid_known ? "12345678-9ABC-DEF0-1234-56789ABCDEF0" : NULL;
        wsl2_kinship kin = lima_wsl2_kinship(&facts);
        if (kin != row->due)
            fail_msg("row %zu: kinship %d instead of %d", i, kin, row->due);
        lima_err err = {0};
        assert_int_equal(lima_wsl2_kinship_check(kin, &facts, "lima-dev", &err), row->code == LIMA_CODE_OK);
        assert_int_equal(err.code, row->code);
        assert_non_null(strstr(err.text, row->word));
        lima_wsl2_registration_free(&found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__whole_record__all_of_it),
        cmocka_unit_test(read__odd_subkeys__are_no_distributions),
        cmocka_unit_test(read__half_written_key__is_nameless),
        cmocka_unit_test(read__without_path_or_disk_name__default_name),
        cmocka_unit_test(read__states__only_three_are_stored),
        cmocka_unit_test(kinship__table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
