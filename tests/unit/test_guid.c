#include "lima_test.h"

#include <string.h>

#include "base/guid.h"

#define GUID "12345678-9abc-def0-1234-56789abcdef0"

static void parse__forms(void **state)
{
    (void)state;
    char guid[LIMA_GUID_SIZE] = "";
    assert_true(lima_guid_parse("{12345678-9ABC-DEF0-1234-56789ABCDEF0}", guid));
    assert_string_equal(guid, GUID);
    assert_true(lima_guid_parse("12345678-9ABC-def0-1234-56789abcdef0", guid));
    assert_string_equal(guid, GUID);
}

static void parse__anything_else__leaves_the_result(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "wsl1",
                                      "12345678-9ABC-def0-1234-56789abcdef",
                                      "12345678-9ABC-def0-1234-56789abcdef01",
                                      "12345678-9ABC-def0-1234-56789abcdefg",
                                      "12345678-9ABCdef0--1234-56789abcdef0",
                                      "{12345678-9ABC-def0-1234-56789abcdef0",
                                      "(12345678-9ABC-def0-1234-56789abcdef0)"};
    char guid[LIMA_GUID_SIZE] = "before";
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(lima_guid_parse(bad[i], guid));
    assert_string_equal(guid, "before");
}

/* printf 'vm\nC:\\lh\\dev' | sha256sum, with version and variant put in. */
static void from_name__is_stable_and_well_formed(void **state)
{
    (void)state;
    char guid[LIMA_GUID_SIZE] = "", parsed[LIMA_GUID_SIZE] = "";
    lima_guid_from_name("vm", "C:\\lh\\dev", guid);
    assert_string_equal(guid, "85ddac0d-da01-87fd-8350-03155f36850d");
    assert_true(lima_guid_parse(guid, parsed));
    assert_string_equal(guid, parsed);
}

static void from_name__another_space_or_name__is_another(void **state)
{
    (void)state;
    char guid[3][LIMA_GUID_SIZE];
    lima_guid_from_name("vm", "dev", guid[0]);
    lima_guid_from_name("network", "dev", guid[1]);
    lima_guid_from_name("vm", "dev2", guid[2]);
    assert_string_not_equal(guid[0], guid[1]);
    assert_string_not_equal(guid[0], guid[2]);
}

static void bytes__are_those_of_windows_and_back(void **state)
{
    static const uint8_t wanted[LIMA_GUID_BYTES] = {0x78, 0x56, 0x34, 0x12, 0xbc, 0x9a, 0xf0, 0xde,
                                                    0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    uint8_t bytes[LIMA_GUID_BYTES] = {7};
    char text[LIMA_GUID_SIZE];
    (void)state;
    assert_false(lima_guid_to_bytes("12345678-9abc-def0-0123-456789abcdeg", bytes));
    assert_int_equal(bytes[0], 7);
    assert_true(lima_guid_to_bytes("{12345678-9ABC-DEF0-0123-456789ABCDEF}", bytes));
    assert_memory_equal(bytes, wanted, sizeof wanted);
    lima_guid_from_bytes(wanted, text);
    assert_string_equal(text, "12345678-9abc-def0-0123-456789abcdef");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__forms),
        cmocka_unit_test(parse__anything_else__leaves_the_result),
        cmocka_unit_test(bytes__are_those_of_windows_and_back),
        cmocka_unit_test(from_name__is_stable_and_well_formed),
        cmocka_unit_test(from_name__another_space_or_name__is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
