/* Documents against golden/NAME.json, and against the rules of the facts. LIMA_GOLDEN_UPDATE=1 writes the
 * files anew: read the difference before committing it. */
#include "hyperv_test.h"

#include "documents.h"
#include "rules.h"

static const uint32_t ports[] = {22, 50000};

/* One key per line, to be read by people. */
static char *indented(const char *text)
{
    lima_json *json = NULL;
    assert_ok(lima_json_parse(text, strlen(text), &json, &err));
    char *printed = lima_json_print_indented(json);
    char *whole = lima_mem_printf("%s\n", printed);
    free(printed);
    lima_json_free(json);
    return whole;
}

static void compare(const char *name, const char *text)
{
    char *file = lima_mem_printf("golden/%s.json", name);
    compare_golden(file, text);
    free(file);
}

static void document__of_each_scenario__is_golden(void **state)
{
    (void)state;
    for (const scenario *s = scenarios; s->name; s++) {
        char *text = scenario_document(s);
        char *lines = indented(text);
        compare(s->name, lines);
        free(lines);
        free(text);
    }
}

static void document__of_each_scenario__keeps_the_rules(void **state)
{
    (void)state;
    for (const scenario *s = scenarios; s->name; s++) {
        char *text = scenario_document(s);
        lima_json *json = NULL;
        assert_ok(lima_json_parse(text, strlen(text), &json, &err));
        check_rules(s->name, json);
        lima_json_free(json);
        free(text);
    }
}

static void document__what_cannot_be__is_named(void **state)
{
    (void)state;
    static const char *const many[HYPERV_EXTRA_DISKS_MAX + 1] = {"x"};
    static const hyperv_share same[] = {{"s", "C:\\a", 5, false}, {"s", "C:\\b", 5, false}};
    static const hyperv_nic bad_id[] = {{"x", "52:55:55:12:ab:0f"}},
                            bad_mac[] = {{ENDPOINT, "52:55:55:12:ab"}};
    static const struct {
        hyperv_vm vm;
        lima_code code;
        const char *word;
    } table[] = {
        {{.cpus = 1, .memory_mib = 64}, LIMA_CODE_INVALID_ARGUMENT, "from its disk"},
        {{.boot = HYPERV_BOOT_ISO, .cpus = 1, .memory_mib = 64}, LIMA_CODE_INVALID_ARGUMENT, "CD"},
        {{.boot = HYPERV_BOOT_KERNEL, .cpus = 1, .memory_mib = 64}, LIMA_CODE_INVALID_ARGUMENT, "kernel"},
        {{.boot = HYPERV_BOOT_KERNEL,
          .kernel = "k",
          .secure_boot = HYPERV_SECURE_BOOT_LINUX,
          .cpus = 1,
          .memory_mib = 64},
         LIMA_CODE_INVALID_ARGUMENT,
         "secure boot"},
        {{.disk = "d.vhdx", .memory_mib = 64}, LIMA_CODE_INVALID_ARGUMENT, "processor"},
        {{.disk = "d.vhdx", .cpus = 1, .memory_mib = 1}, LIMA_CODE_INVALID_ARGUMENT, "memory"},
        {{.disk = "d.vhdx", .cpus = 1, .memory_mib = 64, .tpm = true}, LIMA_CODE_INVALID_ARGUMENT, "TPM"},
        {{.disk = "d.vhdx", .cpus = 1, .memory_mib = 64, .plan9 = true, .restore = "r"},
         LIMA_CODE_INVALID_ARGUMENT,
         "saved state"},
        {{.disk = "d.vhdx",
          .cpus = 1,
          .memory_mib = 64,
          .extra_disks = many,
          .extra_disk_count = HYPERV_EXTRA_DISKS_MAX + 1},
         LIMA_CODE_INVALID_ARGUMENT,
         "additionalDisks"},
        {{.disk = "d.vhdx", .cpus = 1, .memory_mib = 64, .nics = bad_id, .nic_count = 1},
         LIMA_CODE_INVALID_ARGUMENT,
         "'x' is no GUID"},
        {{.disk = "d.vhdx", .cpus = 1, .memory_mib = 64, .nics = bad_mac, .nic_count = 1},
         LIMA_CODE_INVALID_ARGUMENT,
         "MAC"},
        {{.disk = "d.vhdx", .cpus = 1, .memory_mib = 64, .nics = bad_id, .nic_count = HYPERV_NICS_MAX + 1},
         LIMA_CODE_INVALID_ARGUMENT,
         "adapters"},
        {{.disk = "d.vhdx", .cpus = 1, .memory_mib = 64, .ports = ports, .port_count = 1},
         LIMA_CODE_INVALID_ARGUMENT,
         "user"},
        {{.disk = "d.vhdx", .cpus = 1, .memory_mib = 64, .owner_sid = SID, .ports = ports, .port_count = 65},
         LIMA_CODE_INVALID_ARGUMENT,
         "ports"},
        {{.disk = "d.vhdx", .cpus = 1, .memory_mib = 64, .share_count = HYPERV_SHARES_MAX + 1},
         LIMA_CODE_INVALID_ARGUMENT,
         "shares"},
        {{.disk = "d.vhdx", .cpus = 1, .memory_mib = 64, .shares = same, .share_count = 2},
         LIMA_CODE_INVALID_ARGUMENT,
         "'s'"},
        {{.disk = "C:\\d", .cpus = 1, .memory_mib = 64}, LIMA_CODE_INVALID_ARGUMENT, "'C:\\d'"},
        {{.disk = "d.vhdx", .cpus = 1, .memory_mib = 64, .extra_disks = many, .extra_disk_count = 1},
         LIMA_CODE_INVALID_ARGUMENT,
         "'x'"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *text = NULL;
        lima_strv left_out = {0};
        assert_err(lima_hyperv_document(&table[i].vm, &able, &text, &left_out, &err), table[i].code,
                   table[i].word);
        assert_null(text);
        assert_int_equal(left_out.len, 0);
    }
}

/* What would stand in the security descriptor otherwise. */
static void document__sid__nothing_else_passes(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "S-1-", "S-1-5-21)(A;;FA;;;WD", "WD", "S-1-5-32-", "s-1-5", "S-1-5 ", "S-1-5-18\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        hyperv_vm vm = {.disk = "d.vhdx", .cpus = 1, .memory_mib = 64, .owner_sid = bad[i]};
        char *text = NULL;
        lima_strv left_out = {0};
        assert_err(lima_hyperv_document(&vm, &able, &text, &left_out, &err), LIMA_CODE_INVALID_ARGUMENT,
                   "SID");
    }
}

static void document__what_this_windows_cannot__is_refused(void **state)
{
    (void)state;
    static const struct {
        hyperv_vm vm;
        hyperv_host host;
        lima_code code;
        const char *word, *next;
    } table[] = {
        {{.boot = HYPERV_BOOT_KERNEL, .kernel = "k", .cpus = 1, .memory_mib = 64},
         {.schemas = UP_TO_2_1},
         LIMA_CODE_UNIMPLEMENTED,
         "LinuxKernelDirect needs Windows 10 1903",
         "update Windows"},
        {{.disk = "d.vhdx", .secure_boot = HYPERV_SECURE_BOOT_LINUX, .cpus = 1, .memory_mib = 64},
         {.schemas = UP_TO_2_2},
         LIMA_CODE_UNIMPLEMENTED,
         "Windows 10 2004",
         "2.3"},
        {{.disk = "d.vhdx", .tpm = true, .guest_state = "g", .cpus = 1, .memory_mib = 64},
         {.schemas = UP_TO_2_6},
         LIMA_CODE_UNIMPLEMENTED,
         "tpm",
         "false"},
        {{.disk = "d.vhdx", .nested = true, .cpus = 1, .memory_mib = 64},
         {.schemas = UP_TO_2_6, .nesting = HYPERV_NESTING_NO},
         LIMA_CODE_FAILED_PRECONDITION,
         "nestedVirtualization",
         "false"},
        /* the TPM's own version is not known, the template's is */
        {{.disk = "d.vhdx",
          .tpm = true,
          .guest_state = "g",
          .secure_boot = HYPERV_SECURE_BOOT_LINUX,
          .cpus = 1,
          .memory_mib = 64},
         {.schemas = UP_TO_2_2, .tpm = true},
         LIMA_CODE_UNIMPLEMENTED,
         "ApplySecureBootTemplate",
         "2.3"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *text = NULL;
        lima_strv left_out = {0};
        assert_err(lima_hyperv_document(&table[i].vm, &table[i].host, &text, &left_out, &err), table[i].code,
                   table[i].word, table[i].next);
        assert_null(text);
    }
}

static void document__nesting_not_known__is_tried(void **state)
{
    (void)state;
    hyperv_vm vm = {.disk = "d.vhdx", .nested = true, .cpus = 1, .memory_mib = 64};
    hyperv_host host = {.schemas = UP_TO_2_3};
    char *text = NULL;
    lima_strv left_out = {0};
    assert_ok(lima_hyperv_document(&vm, &host, &text, &left_out, &err));
    assert_non_null(strstr(text, "\"ExposeVirtualizationExtensions\":true"));
    free(text);
    lima_strv_free(&left_out);
}

static void document__same_struct__same_text(void **state)
{
    (void)state;
    char *first = scenario_document(&scenarios[0]), *second = scenario_document(&scenarios[0]);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void restore__adds_the_state_and_changes_nothing_else(void **state)
{
    (void)state;
    char *saved = scenario_document(scenario_named("disk")), *made = NULL;
    assert_null(lima_hyperv_document_why_not_saved(saved, strlen(saved)));
    assert_ok(lima_hyperv_document_restore(saved, strlen(saved), DIR "a.vmrs", &made, &err));
    lima_json *json = NULL;
    assert_ok(lima_json_parse(made, strlen(made), &json, &err));
    assert_string_equal(lima_json_str(json, "", "VirtualMachine.RestoreState.SaveStateFilePath"),
                        DIR "a.vmrs");
    lima_json_remove(json, "VirtualMachine.RestoreState");
    char *without = lima_json_print(json);
    assert_string_equal(without, saved);
    free(without);
    lima_json_free(json);
    free(made);
    free(saved);
}

static void restore__with_shares__says_why_not(void **state)
{
    (void)state;
    static const char *const names[] = {"disk-plan9", "disk-plan9-later"};
    for (size_t i = 0; i < 2; i++) {
        char *saved = scenario_document(scenario_named(names[i])), *made = NULL;
        assert_non_null(strstr(lima_hyperv_document_why_not_saved(saved, strlen(saved)), "shares"));
        assert_err(lima_hyperv_document_restore(saved, strlen(saved), "s", &made, &err), LIMA_CODE_DATA_LOSS,
                   "shares");
        free(saved);
    }
}

/* Owned. */
static lima_buf scenario_text(const char *name)
{
    lima_buf text = LIMA_BUF(HYPERV_DOCUMENT_MAX);
    char *document = scenario_document(scenario_named(name));
    lima_buf_add_str(&text, document);
    free(document);
    return text;
}

static void same_adapters__by_endpoint_and_address(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool same;
    } table[] = {{"disk", "disk", true},
                 {"iso", "disk-secure-linux", true},
                 {"disk", "disk-extra-nics", false},
                 {"disk-extra-nics", "iso", false},
                 {"iso", "iso", true}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_buf one = scenario_text(table[i].one), other = scenario_text(table[i].other);
        assert_int_equal(lima_hyperv_document_same_adapters(&one, &other), table[i].same);
        lima_buf_free(&other);
        lima_buf_free(&one);
    }
}

static void restore__not_ours__is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "{}",
                                      "[]",
                                      "{",
                                      "{'VirtualMachine':7}",
                                      "{'VirtualMachine':{'Evil':1}}",
                                      "{'VirtualMachine':{'ComputeTopology':{},'RestoreState':3}}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *text = lima_mem_strdup(bad[i]), *made = NULL;
        for (char *c = text; *c; c++)
            *c = *c == '\'' ? '"' : *c;
        assert_err(lima_hyperv_document_restore(text, strlen(text), "s", &made, &err), LIMA_CODE_DATA_LOSS,
                   "saved VM");
        assert_null(made);
        free(text);
    }
}

static void has_shutdown__by_the_service(void **state)
{
    (void)state;
    char *with = scenario_document(scenario_named("disk")),
         *without = scenario_document(scenario_named("disk-1809"));
    assert_true(lima_hyperv_document_has_shutdown(with, strlen(with)));
    assert_false(lima_hyperv_document_has_shutdown(without, strlen(without)));
    assert_false(lima_hyperv_document_has_shutdown("", 0));
    free(with);
    free(without);
}

static void mac__both_forms__one_result(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "52:55:55:12:ab",
                                      "52:55:55:12:ab:0",
                                      "52:55:55:12:ab:0g",
                                      "52.55.55.12.ab.0f",
                                      "52:55:55:12:ab:0f:11"};
    char mac[HYPERV_MAC_SIZE] = "before";
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(lima_hyperv_mac(bad[i], mac));
    assert_string_equal(mac, "before");
    assert_true(lima_hyperv_mac("52:55:55:ab:CD:0f", mac));
    assert_string_equal(mac, "52-55-55-AB-CD-0F");
    assert_true(lima_hyperv_mac("52-55-55-AB-CD-0F", mac));
    assert_string_equal(mac, "52-55-55-AB-CD-0F");
}

static void service__of_a_port(void **state)
{
    (void)state;
    char service[HYPERV_SERVICE_SIZE];
    lima_hyperv_service(22, service);
    assert_string_equal(service, "00000016-facb-11e6-bd58-64006a7986d3");
    lima_hyperv_service(0x7fffffff, service);
    assert_string_equal(service, "7fffffff-facb-11e6-bd58-64006a7986d3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document__of_each_scenario__is_golden),
        cmocka_unit_test(document__of_each_scenario__keeps_the_rules),
        cmocka_unit_test(document__what_cannot_be__is_named),
        cmocka_unit_test(document__sid__nothing_else_passes),
        cmocka_unit_test(document__what_this_windows_cannot__is_refused),
        cmocka_unit_test(document__nesting_not_known__is_tried),
        cmocka_unit_test(document__same_struct__same_text),
        cmocka_unit_test(restore__adds_the_state_and_changes_nothing_else),
        cmocka_unit_test(restore__with_shares__says_why_not),
        cmocka_unit_test(same_adapters__by_endpoint_and_address),
        cmocka_unit_test(restore__not_ours__is_refused),
        cmocka_unit_test(has_shutdown__by_the_service),
        cmocka_unit_test(mac__both_forms__one_result),
        cmocka_unit_test(service__of_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
