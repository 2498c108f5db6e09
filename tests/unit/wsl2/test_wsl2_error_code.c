#include "wsl2_test.h"

#include "wsl2/error_code.h"
#include "wsl2/output.h"

static void rows__are_complete_and_differ(void **state)
{
    (void)state;
    const wsl2_error_row *rows;
    size_t count = lima_wsl2_error_rows(&rows);
    for (size_t i = 0; i < count; i++) {
        assert_true(*rows[i].symbol && *rows[i].cause && *rows[i].next && rows[i].code != LIMA_CODE_OK);
        for (size_t k = 0; k < i; k++) {
            bool same = lima_str_eq(rows[i].symbol, rows[k].symbol);
            assert_true(!same || !lima_str_eq(rows[i].context, rows[k].context));
            assert_true(!same || rows[k].context); /* the general row stands last */
            assert_true(same || rows[i].value == 0 || rows[i].value != rows[k].value);
        }
    }
}

static void rows__have_every_symbol_wsl_has(void **state)
{
    (void)state;
    const wsl2_error_row *rows;
    size_t count = lima_wsl2_error_rows(&rows);
    static const uint8_t unused[] = {0x16, 0x17, 0x22, 0x23};
    for (uint32_t n = 1; n <= 0x32; n++) {
        bool found = memchr(unused, (int)n, sizeof unused) != NULL;
        for (size_t i = 0; i < count; i++)
            found = found || rows[i].value == 0x80040300u + n;
        if (!found)
            fail_msg("no row for 0x%08x", 0x80040300u + n);
    }
}

/* A code with the row's context in the middle. */
static char *code_of(const wsl2_error_row *row, const char *last)
{
    return lima_mem_printf("Wsl/Service/CreateInstance/%s%s%s", row->context ? row->context : "",
                           row->context ? "/" : "", last);
}

static void find__symbol_and_hex__are_the_same_error(void **state)
{
    (void)state;
    const wsl2_error_row *rows;
    size_t count = lima_wsl2_error_rows(&rows);
    for (size_t i = 0; i < count; i++) {
        char hex[16];
        snprintf(hex, sizeof hex, "0x%08x", rows[i].value);
        const char *lasts[] = {rows[i].symbol, rows[i].value ? hex : rows[i].symbol};
        for (size_t k = 0; k < 2; k++) {
            char *text = code_of(&rows[i], lasts[k]);
            wsl2_error_code code = {0};
            assert_true(lima_wsl2_error_code_find(text, &code));
            assert_ptr_equal(code.row, &rows[i]);
            assert_string_equal(code.whole, text);
            assert_string_equal(code.symbol, rows[i].symbol);
            assert_int_equal(code.value, rows[i].value);
            free(text);
        }
    }
}

static void find__hcs_number_of_the_other_kind__is_known(void **state)
{
    (void)state;
    wsl2_error_code code = {0};
    assert_true(lima_wsl2_error_code_find("Wsl/Service/CreateInstance/CreateVm/HCS/0xc0370102", &code));
    assert_string_equal(code.symbol, "HCS_E_HYPERV_NOT_INSTALLED");
}

typedef struct trigger {
    const char *code;
    wsl2_trouble trouble;
    bool retryable;
} trigger;

/* facts: wsl.md 2.7, and the forms of older versions */
static const trigger triggers[] = {
    {"Wsl/ERROR_FILE_NOT_FOUND", WSL2_TROUBLE_OTHER, false},
    {"Wsl/Service/RegisterDistro/ERROR_ALREADY_EXISTS", WSL2_TROUBLE_TAKEN, false},
    {"Wsl/Service/RegisterDistro/E_INVALIDARG", WSL2_TROUBLE_OTHER, false},
    {"Wsl/Service/RegisterDistro/ERROR_FILE_EXISTS", WSL2_TROUBLE_TAKEN, false},
    {"Wsl/Service/RegisterDistro/WSL_E_IMPORT_FAILED", WSL2_TROUBLE_IMAGE, false},
    {"Wsl/Service/RegisterDistro/WSL_E_NOT_A_LINUX_DISTRO", WSL2_TROUBLE_IMAGE, false},
    {"Wsl/Service/RegisterDistro/WSL_E_WSL2_NEEDED", WSL2_TROUBLE_OTHER, false},
    {"Wsl/ERROR_VERSION_PARSE_ERROR", WSL2_TROUBLE_OTHER, false},
    {"Wsl/Service/RegisterDistro/MountDisk/HCS/ERROR_SHARING_VIOLATION", WSL2_TROUBLE_BUSY, true},
    {"Wsl/Service/CreateInstance/MountVhd/0x80070020", WSL2_TROUBLE_BUSY, true},
    {"Wsl/Service/RegisterDistro/WSL_E_DISK_CORRUPTED", WSL2_TROUBLE_DISK_BROKEN, false},
    {"Wsl/Service/CreateInstance/WSL_E_DISK_CORRUPTED", WSL2_TROUBLE_DISK_BROKEN, false},
    {"Wsl/Service/CreateInstance/MountDisk/HCS/ERROR_FILE_NOT_FOUND", WSL2_TROUBLE_DISK_MISSING, false},
    {"Wsl/Service/CreateInstance/MountVhd/HCS/ERROR_FILE_NOT_FOUND", WSL2_TROUBLE_DISK_MISSING, false},
    {"Wsl/Service/CreateInstance/MountVhd/0x80070002", WSL2_TROUBLE_DISK_MISSING, false},
    {"Wsl/Service/CreateInstance/MountDisk/HCS/ERROR_PATH_NOT_FOUND", WSL2_TROUBLE_DISK_MISSING, false},
    {"Wsl/Service/WSL_E_DISTRO_NOT_FOUND", WSL2_TROUBLE_NOT_CREATED, false},
    {"Wsl/Service/0x80040302", WSL2_TROUBLE_NOT_CREATED, false},
    {"Wsl/Service/CreateInstance/ReadDistroConfig/WSL_E_DISTRO_NOT_FOUND", WSL2_TROUBLE_NOT_CREATED, false},
    {"Wsl/WSL_E_DEFAULT_DISTRO_NOT_FOUND", WSL2_TROUBLE_NO_DEFAULT, false},
    {"Wsl/Service/CreateInstance/CreateVm/WSL_E_CUSTOM_KERNEL_NOT_FOUND", WSL2_TROUBLE_SETTINGS, false},
    {"Wsl/Service/CreateInstance/CreateVm/HCS/HCS_E_HYPERV_NOT_INSTALLED", WSL2_TROUBLE_NOT_ENABLED, false},
    {"Wsl/Service/CreateInstance/CreateVm/HCS/0x80370102", WSL2_TROUBLE_NOT_ENABLED, false},
    {"Wsl/Service/CreateInstance/CreateVm/HCS/ERROR_NOT_SUPPORTED", WSL2_TROUBLE_NOT_ENABLED, false},
    {"Wsl/Service/RegisterDistro/CreateVm/HCS/HCS_E_SERVICE_NOT_AVAILABLE", WSL2_TROUBLE_NOT_ENABLED, false},
    {"Wsl/Service/CreateInstance/CreateVm/HCS_E_SERVICE_NOT_AVAILABLE", WSL2_TROUBLE_NOT_ENABLED, false},
    {"Wsl/Service/WSL_E_VIRTUAL_MACHINE_PLATFORM_REQUIRED", WSL2_TROUBLE_NOT_ENABLED, false},
    {"Wsl/WSL_E_WSL_OPTIONAL_COMPONENT_REQUIRED", WSL2_TROUBLE_NOT_ENABLED, false},
    {"Wsl/Service/CreateInstance/CreateVm/HCS_E_CONNECTION_TIMEOUT", WSL2_TROUBLE_VM, true},
    {"Wsl/Service/WSL_E_VM_CRASHED", WSL2_TROUBLE_VM, true},
    {"Wsl/Service/CreateInstance/WSL_E_USER_NOT_FOUND", WSL2_TROUBLE_SETTINGS, false},
    {"Wsl/Service/CreateInstance/E_ILLEGAL_STATE_CHANGE", WSL2_TROUBLE_BUSY, true},
    {"Wsl/Service/WSL_E_EXPORT_FAILED", WSL2_TROUBLE_OTHER, false},
    {"Wsl/Service/ERROR_SHARING_VIOLATION", WSL2_TROUBLE_BUSY, true},
    {"Wsl/Service/WSL_E_DISTRO_NOT_STOPPED", WSL2_TROUBLE_BUSY, true},
    {"Wsl/Service/MoveDistro/WSL_E_DISTRO_NOT_STOPPED", WSL2_TROUBLE_BUSY, true},
    {"Wsl/Service/E_INVALIDARG", WSL2_TROUBLE_OTHER, false},
    {"Wsl/Service/CreateInstance/ERROR_ACCESS_DISABLED_BY_POLICY", WSL2_TROUBLE_POLICY, false},
    {"Wsl/UpdatePackage/0x80190193", WSL2_TROUBLE_OLD, true},
    {"Wsl/Service/REGDB_E_CLASSNOTREG", WSL2_TROUBLE_NOT_ENABLED, true},
    {"Wsl/Service/RegisterDistro/ERROR_DISK_FULL", WSL2_TROUBLE_DISK_FULL, false},
    {"Wsl/WSL_E_LOCAL_SYSTEM_NOT_SUPPORTED", WSL2_TROUBLE_OTHER, false},
};
enum { TRIGGERS = sizeof triggers / sizeof triggers[0] };

/* facts: wsl.md 2.3; the sentence before it is ours */
static const struct {
    const char *language, *sentence, *label;
} languages[] = {
    {"en", "That did not work.", "Error code:"},
    {"en-old", "\xe8\xa6\x8b\xe3\x81\xa4\xe3\x81\x8b\xe3\x82\x8a\xe3\x81\xbe\xe3\x81\x9b\xe3\x82\x93",
     "Error code:"},
    {"de", "Das hat leider nicht geklappt: \xc3\xbc\xc3\xb6\xc3\xa4.", "Fehlercode:"},
    {"fr",
     "Cela n\xe2\x80\x99"
     "a pas march\xc3\xa9.",
     "Code d'erreur\xc2\xa0:"},
    {"es", "Eso no funcion\xc3\xb3.",
     "C\xc3\xb3"
     "digo de error:"},
    {"it", "Non \xc3\xa8 andata.", "Codice errore:"},
    {"pt-BR", "N\xc3\xa3o deu certo.",
     "C\xc3\xb3"
     "digo de erro:"},
    {"pt-PT", "N\xc3\xa3o resultou.",
     "C\xc3\xb3"
     "digo de erro:"},
    {"ja",
     "\xe3\x81\x86\xe3\x81\xbe\xe3\x81\x8f\xe3\x81\x84\xe3\x81\x8d\xe3\x81\xbe\xe3\x81\x9b\xe3\x82\x93\xe3"
     "\x80\x82",
     "\xe3\x82\xa8\xe3\x83\xa9\xe3\x83\xbc \xe3\x82\xb3\xe3\x83\xbc\xe3\x83\x89:"},
    {"ko", "\xec\x95\x88 \xeb\x90\xa9\xeb\x8b\x88\xeb\x8b\xa4.",
     "\xec\x98\xa4\xeb\xa5\x98 \xec\xbd\x94\xeb\x93\x9c:"},
    {"zh-CN", "\xe5\xa4\xb1\xe8\xb4\xa5\xe4\xba\x86\xe3\x80\x82",
     "\xe9\x94\x99\xe8\xaf\xaf\xe4\xbb\xa3\xe7\xa0\x81:"},
    {"zh-TW", "\xe5\xa4\xb1\xe6\x95\x97\xe4\xba\x86\xe3\x80\x82", "\xe9\x8c\xaf\xe8\xaa\xa4\xe7\xa2\xbc:"},
    {"ru", "\xd0\x9d\xd0\xb5 \xd0\xb2\xd1\x8b\xd1\x88\xd0\xbb\xd0\xbe.",
     "\xd0\x9a\xd0\xbe\xd0\xb4 \xd0\xbe\xd1\x88\xd0\xb8\xd0\xb1\xd0\xba\xd0\xb8:"},
    {"pl", "To si\xc4\x99 nie uda\xc5\x82o.",
     "Kod b\xc5\x82\xc4\x99"
     "du:"},
    {"cs",
     "Nepovedlo se to \xc5\x99\xc3\xa1"
     "dn\xc4\x9b.",
     "K\xc3\xb3"
     "d chyby:"},
    {"da", "Det gik ikke s\xc3\xa5 godt.", "Fejlkode:"},
    {"nb", "Det gikk ikke s\xc3\xa5 bra.", "Feilkode:"},
    {"nl", "Dat ging niet goed.", "Foutcode:"},
    {"sv", "Det gick inte s\xc3\xa5 bra.", "Felkod:"},
    {"tr", "Bu olmad\xc4\xb1.", "Hata kodu:"},
    {"hu", "Ez nem siker\xc3\xbclt.",
     "Hibak\xc3\xb3"
     "d:"},
    {"fi", "T\xc3\xa4m\xc3\xa4 ei onnistunut.", "Virhekoodi:"},
};
enum { LANGUAGES = sizeof languages / sizeof languages[0] };

typedef enum encoding { UTF16 = 0, UTF16_BOM, UTF8, UTF16_CRCRLF, ENCODINGS } encoding;

/* What wsl.exe writes to a pipe for one failure. */
static void write_transcript(lima_buf *into, size_t language, const char *code, encoding form)
{
    const char *end = form == UTF16_CRCRLF ? "\r\r\n" : "\r\n";
    char *text = lima_mem_printf("%s%s%s%s %s%s", form == UTF16_BOM ? "\xef\xbb\xbf" : "",
                                 languages[language].sentence, end, languages[language].label, code, end);
    if (form == UTF8)
        lima_buf_add_str(into, text);
    else
        add_utf16(into, text);
    free(text);
}

static void check_transcript(size_t language, const trigger *due, encoding form)
{
    lima_buf bytes = LIMA_BUF(4096);
    write_transcript(&bytes, language, due->code, form);
    char *out = lima_wsl2_output_text(bytes.data, bytes.len);
    wsl2_failure failure = {"distribution 'lima-dev': import", "exit status 4294967295", -1, out, ""};
    wsl2_trouble trouble = WSL2_TROUBLE_OTHER;
    bool retryable = false;
    lima_err err = {0};
    assert_false(lima_wsl2_failed(&failure, &trouble, &retryable, &err));
    bool ok = trouble == due->trouble && retryable == due->retryable && strstr(err.text, due->code)
              && strstr(err.text, languages[language].sentence) && !strstr(err.text, "4294967295")
              && !strstr(err.text, languages[language].label) && err.code != LIMA_CODE_OK;
    if (!ok)
        fail_msg("%s, form %d, %s: trouble %d, %s", languages[language].language, form, due->code, trouble,
                 err.text);
    free(out);
    lima_buf_free(&bytes);
}

static void failed__every_language_code_and_encoding__same_answer(void **state)
{
    (void)state;
    assert_int_equal(LANGUAGES, 22); /* 21, and the English label in other languages of 2022 and 2023 */
    for (size_t language = 0; language < LANGUAGES; language++)
        for (size_t i = 0; i < TRIGGERS; i++)
            for (int form = 0; form < ENCODINGS; form++)
                check_transcript(language, &triggers[i], (encoding)form);
}

static void failed__context_of_the_future__falls_back(void **state)
{
    (void)state;
    wsl2_error_code code = {0};
    assert_true(lima_wsl2_error_code_find("Wsl/Service/Brandnew/Things/WSL_E_VM_CRASHED", &code));
    assert_int_equal(code.row->trouble, WSL2_TROUBLE_VM);
    assert_true(lima_wsl2_error_code_find("Wsl/Service/Brandnew/ERROR_FILE_NOT_FOUND", &code));
    assert_int_equal(code.row->trouble, WSL2_TROUBLE_OTHER);
}

static void find__not_a_code__is_not_found(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "Wsl",
                                        "Wsl/",
                                        "Wsl/Service",
                                        "Wsl/Service/",
                                        "Wsl/Service/lower_case",
                                        "Wsl/Service/E",
                                        "Wsl/Service/0x1234",
                                        "Wsl/Service/0x123456789",
                                        "Wsl/Service/E_FAIL/",
                                        "Wsl/Service/E_FAIL/x",
                                        "Wsl/Service/E_FAILx",
                                        "Wsl//E_FAIL",
                                        "MyWsl/Service/E_FAIL",
                                        "C:/Wsl/E_FAIL",
                                        "wsl/Service/E_FAIL",
                                        "4294967295"};
    wsl2_error_code code = {.value = 7};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (lima_wsl2_error_code_find(texts[i], &code))
            fail_msg("'%s' gave %s", texts[i], code.whole);
    assert_int_equal(code.value, 7);
}

static void find__two_codes__last_one(void **state)
{
    (void)state;
    wsl2_error_code code = {0};
    assert_true(
        lima_wsl2_error_code_find("Wsl/Service/E_FAIL, then (Wsl/HCS/ERROR_NOT_SUPPORTED).\n", &code));
    assert_string_equal(code.whole, "Wsl/HCS/ERROR_NOT_SUPPORTED");
    assert_int_equal(code.row->trouble, WSL2_TROUBLE_NOT_ENABLED);
}

static void find__very_long_code__is_cut(void **state)
{
    (void)state;
    lima_buf text = LIMA_BUF(8192);
    lima_buf_add_str(&text, "Wsl");
    for (int i = 0; i < 200; i++)
        lima_buf_add_str(&text, "/Service");
    lima_buf_add_str(&text, "/E_");
    for (int i = 0; i < 200; i++)
        lima_buf_add_str(&text, "X_");
    wsl2_error_code code = {0};
    assert_true(lima_wsl2_error_code_find(lima_buf_str(&text), &code));
    assert_int_equal(strlen(code.whole), WSL2_CODE_MAX - 1);
    assert_int_equal(strlen(code.symbol), WSL2_SYMBOL_MAX - 1);
    assert_null(code.row);
    lima_buf_free(&text);
}

static void failed__unknown_code__is_quoted_whole(void **state)
{
    (void)state;
    const char *codes[] = {"Wsl/Service/CreateInstance/WSL_E_FROM_2031", "Wsl/Service/0x8007beef"};
    for (size_t i = 0; i < 2; i++) {
        char *out = lima_mem_printf("Neues Problem.\nFehlercode: %s\n", codes[i]);
        wsl2_failure failure = {"distribution 'lima-dev': start", "exit status 255", 255, out, NULL};
        wsl2_trouble trouble = WSL2_TROUBLE_BUSY;
        bool retryable = true;
        lima_err err = {0};
        assert_false(lima_wsl2_failed(&failure, &trouble, &retryable, &err));
        assert_int_equal(err.code, LIMA_CODE_UNKNOWN);
        assert_int_equal(trouble, WSL2_TROUBLE_OTHER);
        assert_false(retryable);
        assert_non_null(strstr(err.text, codes[i]));
        assert_non_null(strstr(err.text, "Neues Problem."));
        assert_non_null(strstr(err.text, "distribution 'lima-dev': start"));
        free(out);
    }
}

static void failed__no_code__says_what_was_said(void **state)
{
    (void)state;
    wsl2_failure failure = {"list of distributions", "exit status 4294967295", -1, "Optie onbekend\n",
                            "wsl: a warning\n"};
    assert_err(lima_wsl2_failed(&failure, NULL, NULL, &err), LIMA_CODE_UNKNOWN, "list of distributions",
               "Optie onbekend", "wsl.exe itself failed");
    failure.out = NULL;
    failure.err_out = NULL;
    assert_err(lima_wsl2_failed(&failure, NULL, NULL, &err), LIMA_CODE_UNKNOWN, "without a word",
               "wsl --version");
    failure.exit_code = 3;
    failure.exit_text = "exit status 3";
    assert_err(lima_wsl2_failed(&failure, NULL, NULL, &err), LIMA_CODE_UNKNOWN, "exit status 3");
}

static void failed__code_on_stderr__counts(void **state)
{
    (void)state;
    wsl2_failure failure = {"x", "exit status 1", 1, "",
                            "bsdtar: broken\nWsl/Service/RegisterDistro/ERROR_DISK_FULL\n"};
    assert_err(lima_wsl2_failed(&failure, NULL, NULL, &err), LIMA_CODE_RESOURCE_EXHAUSTED, "full",
               "bsdtar: broken");
}

static void failed__known_code__os_code_is_the_hresult(void **state)
{
    (void)state;
    wsl2_failure failure = {"x", "", -1, "Wsl/Service/WSL_E_DISTRO_NOT_FOUND", ""};
    lima_err err = {0};
    assert_false(lima_wsl2_failed(&failure, NULL, NULL, &err));
    assert_int_equal((uint32_t)err.os_code, 0x80040302u);
    assert_false(lima_wsl2_failed(&failure, NULL, NULL, NULL));
}

static void exit_code__whose_failure_it_is(void **state)
{
    (void)state;
    assert_int_equal(lima_wsl2_who_failed(-1, false), WSL2_WHO_WSL);
    assert_int_equal(lima_wsl2_who_failed((int)4294967295u, true), WSL2_WHO_WSL);
    assert_int_equal(lima_wsl2_who_failed(255, true), WSL2_WHO_WSL);
    assert_int_equal(lima_wsl2_who_failed(255, false), WSL2_WHO_UNKNOWN);
    assert_int_equal(lima_wsl2_who_failed(1, true), WSL2_WHO_COMMAND);
    assert_int_equal(lima_wsl2_who_failed(127, false), WSL2_WHO_COMMAND);
}

static void failed__255_without_a_code__blames_nobody(void **state)
{
    (void)state;
    wsl2_failure failure = {"distribution 'lima-dev': start", "exit status 255", 255, "ssh: no route\n",
                            NULL};
    lima_err err = {0};
    assert_false(lima_wsl2_failed(&failure, NULL, NULL, &err));
    assert_non_null(strstr(err.text, "or the command in the guest"));
    assert_non_null(strstr(err.text, "ssh: no route"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows__are_complete_and_differ),
        cmocka_unit_test(rows__have_every_symbol_wsl_has),
        cmocka_unit_test(find__symbol_and_hex__are_the_same_error),
        cmocka_unit_test(find__hcs_number_of_the_other_kind__is_known),
        cmocka_unit_test(failed__every_language_code_and_encoding__same_answer),
        cmocka_unit_test(failed__context_of_the_future__falls_back),
        cmocka_unit_test(find__not_a_code__is_not_found),
        cmocka_unit_test(find__two_codes__last_one),
        cmocka_unit_test(find__very_long_code__is_cut),
        cmocka_unit_test(failed__unknown_code__is_quoted_whole),
        cmocka_unit_test(failed__no_code__says_what_was_said),
        cmocka_unit_test(failed__code_on_stderr__counts),
        cmocka_unit_test(failed__known_code__os_code_is_the_hresult),
        cmocka_unit_test(exit_code__whose_failure_it_is),
        cmocka_unit_test(failed__255_without_a_code__blames_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
