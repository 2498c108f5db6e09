/* An Instance document, whose key "written" stands for lima.yaml: configured twice is configured once; what
 * is accepted can be made into a VM document that every rule of the driver's own table accepts. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hyperv/config.h"
#include "hyperv/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const hyperv_host host = {.schemas = 0x7f, .nesting = HYPERV_NESTING_YES, .tpm = true};

static void check_twice(lima_instance *inst, const hyperv_config_inputs *inputs)
{
    char *once = lima_json_print(inst->doc);
    assert(lima_hyperv_configure(inst, inputs, NULL));
    char *twice = lima_json_print(inst->doc);
    assert(strcmp(once, twice) == 0);
    free(once);
    free(twice);
}

static void check_document(const lima_instance *inst)
{
    static const char *const extra[HYPERV_EXTRA_DISKS_MAX] = {"C:\\e.vhdx"};
    hyperv_options options = {0};
    hyperv_files files = {
        .disk = "C:\\d.vhdx", .cidata = "C:\\c.iso", .guest_state = "C:\\g.vmgs", .extra_disks = extra};
    hyperv_vm vm = {0};
    char *text = NULL, *restored = NULL;
    lima_strv left_out = {0};
    lima_err err = {0};
    assert(lima_hyperv_options_read(inst, NULL, &options, NULL));
    lima_hyperv_machine(inst, &options, &files, &vm);
    if (!lima_hyperv_document(&vm, &host, &text, &left_out, &err)) {
        assert(inst->memory < 2 << 20 && strstr(err.text, "memory"));
        return;
    }
    assert(lima_hyperv_document_restore(text, strlen(text), "C:\\s.vmrs", &restored, NULL));
    free(restored);
    free(text);
    lima_strv_free(&left_out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lima_instance *inst = NULL;
    lima_err err = {0};
    if (!lima_instance_parse((const char *)data, size, &inst, NULL))
        return 0;
    lima_json *written = lima_json_get_copy(inst->doc, "written");
    lima_strv dns = {0}, warnings = {0};
    lima_strv_add(&dns, "10.0.0.53");
    hyperv_config_inputs inputs = {.host_arch = "x86_64",
                                   .home = "C:\\Users\\me",
                                   .written = written,
                                   .host = &host,
                                   .network = HYPERV_NETWORK_HCN,
                                   .dns = &dns};
    if (lima_hyperv_configure(inst, &inputs, &err))
        check_twice(inst, &inputs);
    if (lima_hyperv_validate(inst, &inputs, &warnings, &err))
        check_document(inst);
    else
        assert(err.code != LIMA_CODE_OK && err.text[0]);
    lima_strv_free(&warnings);
    lima_strv_free(&dns);
    lima_json_free(written);
    lima_instance_free(inst);
    return 0;
}
