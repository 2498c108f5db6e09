#include "hyperv_test.h"

#include "rules.h"

#define VM "VirtualMachine."
#define DEVICES VM "Devices."

static const char *now; /* the document's name, for messages */

#define rule(holds, ...)                                                                                     \
    do {                                                                                                     \
        if (!(holds))                                                                                        \
            fail_msg("document %s: %s", now, lima_mem_printf(__VA_ARGS__));                                  \
    } while (0)

static bool is_there(const lima_json *doc, const char *path)
{
    return lima_json_get_kind(doc, "%s", path) != LIMA_JSON_ABSENT;
}

static void check_version(const lima_json *doc)
{
    int64_t minor = lima_json_int(doc, -1, "SchemaVersion.Minor");
    rule(lima_json_int(doc, 0, "SchemaVersion.Major") == 2 && minor >= 0, "no version");
    rule(minor >= 1 || !is_there(doc, DEVICES "HvSocket"), "sockets before 2.1");
    rule(minor >= 2 || !is_there(doc, VM "Chipset.LinuxKernelDirect"), "kernel before 2.2");
    rule(minor >= 2 || !is_there(doc, VM "ComputeTopology.Memory.EnableColdDiscardHint"), "hint before 2.2");
    rule(minor >= 3 || !is_there(doc, VM "Chipset.Uefi.ApplySecureBootTemplate"), "template before 2.3");
    rule(minor >= 5 || !is_there(doc, VM "Services"), "services before 2.5");
    rule(!is_there(doc, VM "GuestConnection"), "start would wait for Microsoft's agent");
}

static void check_boot(const lima_json *doc)
{
    bool uefi = is_there(doc, VM "Chipset.Uefi"), kernel = is_there(doc, VM "Chipset.LinuxKernelDirect");
    rule(uefi != kernel, "exactly one of Uefi and LinuxKernelDirect");
    if (!uefi)
        return;
    const char *controller = lima_json_str(doc, "?", VM "Chipset.Uefi.BootThis.DevicePath");
    int64_t lun = lima_json_int(doc, -1, VM "Chipset.Uefi.BootThis.DiskNumber");
    char *at = lima_mem_printf(DEVICES "Scsi.%s.Attachments.%lld", controller, (long long)lun);
    rule(is_there(doc, at), "boots from %s, which is not there", at);
    free(at);
    rule(is_there(doc, VM "Chipset.Uefi.SecureBootTemplateId")
             == is_there(doc, VM "Chipset.Uefi.ApplySecureBootTemplate"),
         "a template has to be applied");
}

static void check_attachment(const lima_json *doc, const char *controller, const char *lun)
{
    const char *type = lima_json_str(doc, "", DEVICES "Scsi.%s.Attachments.\"%s\".Type", controller, lun);
    const char *path = lima_json_str(doc, "", DEVICES "Scsi.%s.Attachments.\"%s\".Path", controller, lun);
    uint32_t number = 99;
    rule(lima_parse_u32(lun, &number, NULL) && number <= 63, "LUN %s", lun);
    rule(lima_path_is_absolute(path), "path %s", path);
    if (lima_str_eq(type, "Iso"))
        rule(lima_json_bool(doc, false, DEVICES "Scsi.%s.Attachments.\"%s\".ReadOnly", controller, lun),
             "a CD that can be written");
    else
        rule(lima_str_eq(type, "VirtualDisk") && lima_str_has_suffix(path, ".vhdx"), "disk %s %s", type,
             path);
}

static void check_scsi(const lima_json *doc)
{
    lima_strv controllers = {0};
    lima_json_keys(doc, &controllers, DEVICES "Scsi");
    rule(controllers.len <= 4, "%zu controllers", controllers.len);
    for (size_t i = 0; i < controllers.len; i++) {
        lima_strv luns = {0};
        lima_json_keys(doc, &luns, DEVICES "Scsi.%s.Attachments", controllers.items[i]);
        for (size_t k = 0; k < luns.len; k++)
            check_attachment(doc, controllers.items[i], luns.items[k]);
        lima_strv_free(&luns);
    }
    lima_strv_free(&controllers);
}

static void check_nics(const lima_json *doc)
{
    lima_strv names = {0};
    lima_json_keys(doc, &names, DEVICES "NetworkAdapters");
    for (size_t i = 0; i < names.len; i++) {
        const char *mac = lima_json_str(doc, "", DEVICES "NetworkAdapters.\"%s\".MacAddress", names.items[i]);
        rule(strlen(mac) == 17 && strspn(mac, "0123456789ABCDEF-") == 17, "MAC %s", mac);
        rule(lima_str_eq(lima_json_str(doc, "", DEVICES "NetworkAdapters.\"%s\".EndpointId", names.items[i]),
                         names.items[i]),
             "an adapter without its endpoint's id");
    }
    lima_strv_free(&names);
}

static void check_machine(const lima_json *doc)
{
    int64_t memory = lima_json_int(doc, 0, VM "ComputeTopology.Memory.SizeInMB");
    bool deferred = is_there(doc, VM "ComputeTopology.Memory.EnableDeferredCommit");
    rule(memory > 0 && memory % 2 == 0, "memory %lld", (long long)memory);
    rule(!deferred || lima_json_bool(doc, false, VM "ComputeTopology.Memory.AllowOvercommit"),
         "deferred commit needs overcommit");
    rule(lima_json_int(doc, 0, VM "ComputeTopology.Processor.Count") > 0, "no processor");
    rule(!is_there(doc, VM "RestoreState") || !is_there(doc, DEVICES "Plan9"), "Plan9 forbids saved states");
    rule(!is_there(doc, VM "SecuritySettings") || is_there(doc, VM "GuestState.GuestStateFilePath"),
         "a TPM without state");
    const char *pipe = lima_json_str(doc, "\\\\.\\pipe\\", DEVICES "ComPorts.0.NamedPipe");
    rule(lima_str_has_prefix(pipe, "\\\\.\\pipe\\"), "pipe %s", pipe);
}

void check_rules(const char *name, const lima_json *document)
{
    now = name;
    check_version(document);
    check_boot(document);
    check_scsi(document);
    check_nics(document);
    check_machine(document);
}
