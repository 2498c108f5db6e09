/* Every number of the facts (hyperv-hcs.md 2.5, 5.1, 8.1) has symbol, cause and next step; look-up in all dialects;
 * the sentence that comes of it; GUIDs as text. */
#include "lima_test.h"

#include <stdio.h>
#include <string.h>

#include "base/utf.h"
#include "hresult.h"

typedef struct fact {
    uint32_t number;
    const char *symbol;
    lima_code code;
} fact;

/* Written from the facts and not from the table. */
static const fact facts[] = {
    {0x80370100, "HCS_E_TERMINATED_DURING_START", LIMA_CODE_FAILED_PRECONDITION},
    {0x80370101, "HCS_E_IMAGE_MISMATCH", LIMA_CODE_FAILED_PRECONDITION},
    {0x80370102, "HCS_E_HYPERV_NOT_INSTALLED", LIMA_CODE_FAILED_PRECONDITION},
    {0x80370105, "HCS_E_INVALID_STATE", LIMA_CODE_FAILED_PRECONDITION},
    {0x80370106, "HCS_E_UNEXPECTED_EXIT", LIMA_CODE_UNAVAILABLE},
    {0x80370107, "HCS_E_TERMINATED", LIMA_CODE_ABORTED},
    {0x80370108, "HCS_E_CONNECT_FAILED", LIMA_CODE_UNAVAILABLE},
    {0x80370109, "HCS_E_CONNECTION_TIMEOUT", LIMA_CODE_UNAVAILABLE},
    {0x8037010A, "HCS_E_CONNECTION_CLOSED", LIMA_CODE_UNAVAILABLE},
    {0x8037010B, "HCS_E_UNKNOWN_MESSAGE", LIMA_CODE_INTERNAL},
    {0x8037010C, "HCS_E_UNSUPPORTED_PROTOCOL_VERSION", LIMA_CODE_UNIMPLEMENTED},
    {0x8037010D, "HCS_E_INVALID_JSON", LIMA_CODE_INVALID_ARGUMENT},
    {0x8037010E, "HCS_E_SYSTEM_NOT_FOUND", LIMA_CODE_NOT_FOUND},
    {0x8037010F, "HCS_E_SYSTEM_ALREADY_EXISTS", LIMA_CODE_ALREADY_EXISTS},
    {0x80370110, "HCS_E_SYSTEM_ALREADY_STOPPED", LIMA_CODE_FAILED_PRECONDITION},
    {0x80370111, "HCS_E_PROTOCOL_ERROR", LIMA_CODE_INTERNAL},
    {0x80370112, "HCS_E_INVALID_LAYER", LIMA_CODE_FAILED_PRECONDITION},
    {0x80370113, "HCS_E_WINDOWS_INSIDER_REQUIRED", LIMA_CODE_UNIMPLEMENTED},
    {0x80370114, "HCS_E_SERVICE_NOT_AVAILABLE", LIMA_CODE_FAILED_PRECONDITION},
    {0x80370115, "HCS_E_OPERATION_NOT_STARTED", LIMA_CODE_INTERNAL},
    {0x80370116, "HCS_E_OPERATION_ALREADY_STARTED", LIMA_CODE_INTERNAL},
    {0x80370117, "HCS_E_OPERATION_PENDING", LIMA_CODE_UNAVAILABLE},
    {0x80370118, "HCS_E_OPERATION_TIMEOUT", LIMA_CODE_DEADLINE_EXCEEDED},
    {0x80370119, "HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET", LIMA_CODE_INTERNAL},
    {0x8037011A, "HCS_E_OPERATION_RESULT_ALLOCATION_FAILED", LIMA_CODE_RESOURCE_EXHAUSTED},
    {0x8037011B, "HCS_E_ACCESS_DENIED", LIMA_CODE_PERMISSION_DENIED},
    {0x8037011C, "HCS_E_GUEST_CRITICAL_ERROR", LIMA_CODE_UNAVAILABLE},
    {0x8037011D, "HCS_E_PROCESS_INFO_NOT_AVAILABLE", LIMA_CODE_NOT_FOUND},
    {0x8037011E, "HCS_E_SERVICE_DISCONNECT", LIMA_CODE_UNAVAILABLE},
    {0x8037011F, "HCS_E_PROCESS_ALREADY_STOPPED", LIMA_CODE_FAILED_PRECONDITION},
    {0x803B0001, "HCN_E_NETWORK_NOT_FOUND", LIMA_CODE_NOT_FOUND},
    {0x803B0002, "HCN_E_ENDPOINT_NOT_FOUND", LIMA_CODE_NOT_FOUND},
    {0x803B0004, "HCN_E_SWITCH_NOT_FOUND", LIMA_CODE_NOT_FOUND},
    {0x803B000A, "HCN_E_INVALID_NETWORK", LIMA_CODE_INVALID_ARGUMENT},
    {0x803B0010, "HCN_E_NETWORK_ALREADY_EXISTS", LIMA_CODE_ALREADY_EXISTS},
    {0x803B0013, "HCN_E_PORT_ALREADY_EXISTS", LIMA_CODE_ALREADY_EXISTS},
    {0x803B0014, "HCN_E_ENDPOINT_ALREADY_ATTACHED", LIMA_CODE_ALREADY_EXISTS},
    {0x803B0015, "HCN_E_REQUEST_UNSUPPORTED", LIMA_CODE_UNIMPLEMENTED},
    {0x803B001B, "HCN_E_INVALID_JSON", LIMA_CODE_INVALID_ARGUMENT},
    {0x803B001E, "HCN_E_INVALID_IP", LIMA_CODE_INVALID_ARGUMENT},
    {0x803B002A, "HCN_E_ICS_DISABLED", LIMA_CODE_FAILED_PRECONDITION},
    {0x803B002C, "HCN_E_ENTITY_HAS_REFERENCES", LIMA_CODE_FAILED_PRECONDITION},
    {0x803B002F, "HCN_E_ADDR_INVALID_OR_RESERVED", LIMA_CODE_INVALID_ARGUMENT},
    {0x803B0034, "HCN_E_ENDPOINT_NOT_ATTACHED", LIMA_CODE_FAILED_PRECONDITION},
    {0xC03A000D, "ERROR_VHD_PARENT_VHD_NOT_FOUND", LIMA_CODE_FAILED_PRECONDITION},
    {0xC03A000E, "ERROR_VHD_CHILD_PARENT_ID_MISMATCH", LIMA_CODE_FAILED_PRECONDITION},
    {0xC03A000F, "ERROR_VHD_CHILD_PARENT_TIMESTAMP_MISMATCH", LIMA_CODE_FAILED_PRECONDITION},
    {0xC03A001A, "ERROR_VIRTUAL_DISK_LIMITATION", LIMA_CODE_FAILED_PRECONDITION},
    {0xC03A001B, "ERROR_VHD_INVALID_TYPE", LIMA_CODE_INVALID_ARGUMENT},
    {0xC03A001C, "ERROR_VHD_INVALID_STATE", LIMA_CODE_FAILED_PRECONDITION},
    {0x80070002, "ERROR_FILE_NOT_FOUND", LIMA_CODE_NOT_FOUND},
    {0x80070003, "ERROR_PATH_NOT_FOUND", LIMA_CODE_NOT_FOUND},
    {0x80070005, "E_ACCESSDENIED", LIMA_CODE_PERMISSION_DENIED},
    {0x8007000E, "E_OUTOFMEMORY", LIMA_CODE_RESOURCE_EXHAUSTED},
    {0x80070020, "ERROR_SHARING_VIOLATION", LIMA_CODE_FAILED_PRECONDITION},
    {0x80070032, "ERROR_NOT_SUPPORTED", LIMA_CODE_UNIMPLEMENTED},
    {0x80070070, "ERROR_DISK_FULL", LIMA_CODE_RESOURCE_EXHAUSTED},
    {0x80070490, "ERROR_NOT_FOUND", LIMA_CODE_NOT_FOUND},
    {0x800705AA, "ERROR_NO_SYSTEM_RESOURCES", LIMA_CODE_RESOURCE_EXHAUSTED},
    {0x800706BA, "RPC_S_SERVER_UNAVAILABLE", LIMA_CODE_UNAVAILABLE},
};

enum { FACTS = sizeof facts / sizeof facts[0] };

static void find__every_number_of_the_facts__has_its_symbol_and_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < FACTS; i++) {
        const lima_hresult *row = lima_hresult_find(facts[i].number);
        if (!row)
            fail_msg("0x%08lX has no row", (unsigned long)facts[i].number);
        assert_string_equal(row->symbol, facts[i].symbol);
        if (row->code != facts[i].code)
            fail_msg("%s: %s", row->symbol, lima_code_name(row->code));
    }
}

static bool is_sentence(const char *text)
{
    size_t len = strlen(text);

    return len >= 8 && text[len - 1] != '.' && text[len - 1] != ' ' && text[0] != ' ' && !strstr(text, "  ");
}

static void rows__all__are_unique_and_tell_cause_and_next_step(void **state)
{
    size_t count = 0;

    (void)state;
    for (const lima_hresult *row; (row = lima_hresult_at(count)) != NULL; count++) {
        assert_ptr_equal(lima_hresult_find(row->number), row); /* the first of that number, so the only one */
        assert_true(row->symbol[0] && row->code != LIMA_CODE_OK);
        if (!is_sentence(row->cause) || !is_sentence(row->next))
            fail_msg("%s: '%s', '%s'", row->symbol, row->cause, row->next);
        for (size_t i = 0; i < count; i++)
            assert_string_not_equal(lima_hresult_at(i)->symbol, row->symbol);
    }
    assert_true(count >= FACTS);
    assert_null(lima_hresult_at(count));
}

static void find__older_dll_and_bare_win32__are_the_same_rows(void **state)
{
    (void)state;
    assert_ptr_equal(lima_hresult_find(0xC037010E), lima_hresult_find(0x8037010E));
    assert_ptr_equal(lima_hresult_find(32), lima_hresult_find(0x80070020));
    assert_ptr_equal(lima_hresult_find(5), lima_hresult_find(LIMA_HRESULT_ACCESS_DENIED));
    assert_null(lima_hresult_find(0));
    assert_null(lima_hresult_find(0x8037FFFF));
    assert_null(lima_hresult_find(0xFFFFFFFF));
}

static void fail__known_number__says_object_cause_symbol_words_and_next_step(void **state)
{
    lima_err err = {0};

    (void)state;
    assert_false(lima_hresult_fail(&err, 0x8037010F, NULL, "virtual machine '%s': create", "x"));
    assert_int_equal(err.code, LIMA_CODE_ALREADY_EXISTS);
    assert_int_equal((uint32_t)err.os_code, LIMA_HCS_E_SYSTEM_ALREADY_EXISTS);
    assert_string_equal(err.text, "virtual machine 'x': create: a virtual machine of this id runs already "
                                  "(HCS_E_SYSTEM_ALREADY_EXISTS 0x8037010F); stop the instance first");
    assert_false(lima_hresult_fail(&err, 112, "no room", "disk"));
    assert_int_equal(err.code, LIMA_CODE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.text,
                        "disk: the disk is full (ERROR_DISK_FULL 0x00000070): \"no room\"; make room on it");
    assert_false(lima_hresult_fail(NULL, 112, "no room", "disk"));
}

static void fail__unknown_number__shows_it_and_the_words(void **state)
{
    lima_err err = {0};

    (void)state;
    assert_false(lima_hresult_fail(&err, 0x80371234, "", "x"));
    assert_int_equal(err.code, LIMA_CODE_UNKNOWN);
    assert_string_equal(err.text, "x: failed (0x80371234)");
    assert_false(lima_hresult_fail(&err, 0x800704D3, "said", "x"));
    assert_string_equal(err.text, "x: failed (Windows error 1235): \"said\"");
    assert_int_equal((uint32_t)err.os_code, 0x800704D3);
}

static void fail__long_object_and_words__keep_the_next_step(void **state)
{
    char long_text[4096];
    lima_err err = {0};

    (void)state;
    for (size_t i = 0; i + 2 < sizeof long_text; i += 2)
        memcpy(long_text + i, "\xc3\xbc", 3);
    assert_false(lima_hresult_fail(&err, LIMA_HCS_E_SERVICE_NOT_AVAILABLE, long_text, "%s", long_text));
    assert_true(lima_utf8_valid(err.text, strlen(err.text)));
    assert_non_null(strstr(err.text, "HCS_E_SERVICE_NOT_AVAILABLE"));
    assert_non_null(strstr(err.text, "...\"; as administrator run: dism "));
    assert_null(strchr(err.text, '?'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find__every_number_of_the_facts__has_its_symbol_and_code),
        cmocka_unit_test(rows__all__are_unique_and_tell_cause_and_next_step),
        cmocka_unit_test(find__older_dll_and_bare_win32__are_the_same_rows),
        cmocka_unit_test(fail__known_number__says_object_cause_symbol_words_and_next_step),
        cmocka_unit_test(fail__unknown_number__shows_it_and_the_words),
        cmocka_unit_test(fail__long_object_and_words__keep_the_next_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
