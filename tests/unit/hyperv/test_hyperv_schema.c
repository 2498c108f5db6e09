#include "hyperv_test.h"

#include "hyperv/schema.h"
#include "hyperv/schema_table.h"

static void parse__versions_of_major_2(void **state)
{
    (void)state;
    char *text =
        json_text("{'Properties':[{'SupportedSchemaVersions':[{'Major':1,'Minor':0},{'Major':2,'Minor':1},"
                  "{'Major':2,'Minor':5},{'Major':2,'Minor':99},{'Major':3,'Minor':2},{'Major':2}]}]}");
    uint32_t minors = 0;
    assert_ok(lima_hyperv_schema_parse(text, strlen(text), &minors, &err));
    assert_int_equal(minors, 0x22);
    assert_int_equal(lima_hyperv_schema_highest(minors), 5);
    free(text);
}

static void parse__anything_else__is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        lima_code code;
    } table[] = {
        {"{}", LIMA_CODE_INVALID_ARGUMENT},
        {"{'Properties':[]}", LIMA_CODE_INVALID_ARGUMENT},
        {"{'Properties':[{'SupportedSchemaVersions':7}]}", LIMA_CODE_INVALID_ARGUMENT},
        {"{'Properties':[{'SupportedSchemaVersions':[]}]}", LIMA_CODE_UNIMPLEMENTED},
        {"{'Properties':[{'SupportedSchemaVersions':[{'Major':1,'Minor':0}]}]}", LIMA_CODE_UNIMPLEMENTED},
    };
    uint32_t minors = 77;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *text = json_text(table[i].text);
        assert_err(lima_hyperv_schema_parse(text, strlen(text), &minors, &err), table[i].code,
                   "Host Compute Service");
        free(text);
    }
    assert_err(lima_hyperv_schema_parse("no", 2, &minors, &err), LIMA_CODE_INVALID_ARGUMENT,
               "Host Compute Service");
    assert_int_equal(minors, 77);
}

static void nesting__three_answers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        hyperv_nesting due;
    } table[] = {
        {"{}", HYPERV_NESTING_UNKNOWN},
        {"{'PropertyResponses':{'ProcessorCapabilities':{'Error':{}}}}", HYPERV_NESTING_UNKNOWN},
        {"{'PropertyResponses':{'ProcessorCapabilities':{'Response':{'ProcessorFeatures':['Sse3','NestedVirt'"
         "]}}}}",
         HYPERV_NESTING_YES},
        {"{'PropertyResponses':{'ProcessorCapabilities':{'Response':{'ProcessorFeatures':['Sse3']}}}}",
         HYPERV_NESTING_NO},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *text = json_text(table[i].text);
        assert_int_equal(lima_hyperv_nesting_parse(text, strlen(text)), table[i].due);
        free(text);
    }
    assert_int_equal(lima_hyperv_nesting_parse("x", 1), HYPERV_NESTING_UNKNOWN);
}

static void choose__lowest_that_has_everything(void **state)
{
    (void)state;
    static const struct {
        const char *document;
        uint32_t minors, due;
    } table[] = {
        {"{'Owner':'x'}", 0x3, 0},
        {"{'Owner':'x'}", 0x8, 3},
        {"{'VirtualMachine':{'Services':{'Shutdown':{}}}}", 0xff, 5},
        {"{'VirtualMachine':{'Services':{'Shutdown':{}}}}", 0xc0, 6},
        {"{'VirtualMachine':{'Chipset':{'LinuxKernelDirect':{'KernelFilePath':'k'}}}}", 0xff, 2},
        {"{'VirtualMachine':{'Devices':{'ComPorts':{'0':{'NamedPipe':'p'},'1':{}}}}}", 0xff, 1},
        {"{'VirtualMachine':{'Devices':{'Plan9':{'Shares':[{'Name':'a','Port':5}]}}}}", 0xff, 1},
        {"{'VirtualMachine':{'SecuritySettings':{'EnableTpm':true}}}", 0x7f, 6},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_json *document = parse_text(table[i].document);
        uint32_t minor = 99;
        assert_ok(lima_hyperv_schema_choose(document, table[i].minors, &minor, &err));
        assert_int_equal(minor, table[i].due);
        lima_json_free(document);
    }
}

static void choose__unknown_or_of_another_kind__is_named(void **state)
{
    (void)state;
    static const struct {
        const char *document, *word;
    } table[] = {
        {"{'Own':'x'}", "property Own is"},
        {"{'Owner':7}", "property Owner"},
        {"{'VirtualMachine':[]}", "property VirtualMachine"},
        {"{'VirtualMachine':{'GuestConnection':{}}}", "VirtualMachine.GuestConnection"},
        {"{'VirtualMachine':{'Devices':{'Scsi':{'a':{'Attachments':{'0':{'Path':1}}}}}}}", "Path"},
        {"{'VirtualMachine':{'Devices':{'Scsi':{'*':{'Attachments':{'x.y':{'Evil':1}}}}}}}", "Evil"},
        {"{'VirtualMachine':{'Devices':{'Plan9':{'Shares':[{},{'Root':1}]}}}}", "Root"},
        {"{'VirtualMachine.StopOnReset':true}", "VirtualMachine.StopOnReset"},
        {"[]", "object"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lima_json *document = parse_text(table[i].document);
        uint32_t minor = 99;
        lima_err err = {0};
        assert_false(lima_hyperv_schema_choose(document, 0xff, &minor, &err));
        assert_non_null(strstr(err.text, table[i].word));
        assert_int_equal(minor, 99);
        lima_json_free(document);
    }
}

static void choose__windows_too_old__names_property_and_windows(void **state)
{
    (void)state;
    lima_json *document = parse_text("{'VirtualMachine':{'Services':{'Timesync':{}}}}");
    uint32_t minor = 99;
    assert_err(lima_hyperv_schema_choose(document, 0xf, &minor, &err), LIMA_CODE_UNIMPLEMENTED,
               "VirtualMachine.Services needs Windows Server 2022", "2.5", "has 2.3", "update Windows");
    lima_json_free(document);
}

/* Every row is found by its own parent, or nothing below it could ever be checked. */
static void table__is_a_tree(void **state)
{
    (void)state;
    for (size_t i = 0; i < lima_hyperv_properties_len; i++) {
        char *parent = lima_mem_strdup(lima_hyperv_properties[i].path);
        char *cut = strrchr(parent, '.');
        if (lima_str_has_suffix(parent, "[]"))
            cut = parent + strlen(parent) - 2;
        bool found = !cut;
        if (cut)
            *cut = '\0';
        for (size_t k = 0; k < i && cut; k++)
            found = found || lima_str_eq(lima_hyperv_properties[k].path, parent);
        if (!found)
            fail_msg("%s has no parent above it", lima_hyperv_properties[i].path);
        free(parent);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__versions_of_major_2),
        cmocka_unit_test(parse__anything_else__is_refused),
        cmocka_unit_test(nesting__three_answers),
        cmocka_unit_test(choose__lowest_that_has_everything),
        cmocka_unit_test(choose__unknown_or_of_another_kind__is_named),
        cmocka_unit_test(choose__windows_too_old__names_property_and_windows),
        cmocka_unit_test(table__is_a_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
