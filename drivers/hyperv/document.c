/* How it works: the document is built for the highest version that the service has, then declared to be of
 * the lowest one that has all its properties (schema.h), since what a Windows does with properties newer than
 * the declared version depends on its build. GuestConnection is never there: with it a start would wait for
 * Microsoft's own agent. */
#include "hyperv/document.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "hyperv/document_devices.h"

#define VM "VirtualMachine."
#define UEFI VM "Chipset.Uefi."
#define KERNEL VM "Chipset.LinuxKernelDirect."
#define MEMORY VM "ComputeTopology.Memory."
#define PROCESSOR VM "ComputeTopology.Processor."

/* Minor versions of what is left out where it is not known (facts 3.4, 3.5). */
enum { SINCE_HINTS = 2, SINCE_SERVICES = 5, SINCE_SUFFIX = 6 };

static bool check_boot(const hyperv_vm *vm, lima_err *err)
{
    bool kernel = vm->boot == HYPERV_BOOT_KERNEL;

    if (kernel && !vm->kernel)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "a VM that boots a kernel has none");
    if (vm->boot == HYPERV_BOOT_ISO && !vm->iso)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "a VM that boots from a CD has none");
    if (vm->boot == HYPERV_BOOT_DISK && !vm->disk)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "a VM that boots from its disk has none");
    if (kernel && vm->secure_boot)
        return lima_err_set(
            err, LIMA_CODE_INVALID_ARGUMENT,
            "secure boot is a matter of the firmware, and a VM that boots a kernel has none; turn "
            "it off, or boot from a disk");
    return true;
}

static bool check_machine(const hyperv_vm *vm, const hyperv_host *host, lima_err *err)
{
    if (!vm->cpus || vm->memory_mib < 2)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "a VM needs a processor and memory");
    if (vm->tpm && !host->tpm)
        return lima_err_set(
            err, LIMA_CODE_UNIMPLEMENTED,
            "tpm: this Windows has no virtual TPM for it (Windows 11 24H2 with the feature Hyper-V "
            "has); set tpm to false");
    if (vm->tpm && !vm->guest_state)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "a VM with a TPM needs a file for its state");
    if (vm->nested && host->nesting == HYPERV_NESTING_NO)
        return lima_err_set(
            err, LIMA_CODE_FAILED_PRECONDITION,
            "nestedVirtualization: this computer's processor, or the VM that Windows itself runs "
            "in, does not offer it; set nestedVirtualization to false");
    if (vm->restore && (vm->plan9 || vm->share_count))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "a VM with shares of Windows has no saved state");
    return true;
}

static void set_kernel(const hyperv_vm *vm, lima_json *document)
{
    lima_json_set_str(document, vm->kernel, KERNEL "KernelFilePath");
    if (vm->initrd)
        lima_json_set_str(document, vm->initrd, KERNEL "InitRdPath");
    lima_json_set_str(document, vm->cmdline ? vm->cmdline : "", KERNEL "KernelCmdLine");
}

static void set_secure_boot(const hyperv_vm *vm, lima_json *document)
{
    static const char *const templates[] = {
        [HYPERV_SECURE_BOOT_LINUX] = "272e7447-90a4-4563-a4b9-8e4ab00526ce",
        [HYPERV_SECURE_BOOT_WINDOWS] = "1734c6e8-3154-4dda-ba5f-a874cc483422"};
    if (vm->secure_boot == HYPERV_SECURE_BOOT_OFF)
        return;
    lima_json_set_str(document, templates[vm->secure_boot], UEFI "SecureBootTemplateId");
    lima_json_set_str(document, "Apply", UEFI "ApplySecureBootTemplate");
}

/* The firmware writes to COM1 as well, and what it cannot boot ends the VM, instead of waiting on a screen
 * that nobody sees. */
static void set_uefi(const hyperv_vm *vm, uint32_t highest, lima_json *document)
{
    bool iso = vm->boot == HYPERV_BOOT_ISO;

    if (vm->console_pipe)
        lima_json_set_str(document, "ComPort1", UEFI "Console");
    lima_json_set_str(document, "ScsiDrive", UEFI "BootThis.DeviceType");
    lima_json_set_str(document, iso ? HYPERV_CDS : HYPERV_DISKS, UEFI "BootThis.DevicePath");
    lima_json_set_int(document, iso ? 1 : 0, UEFI "BootThis.DiskNumber");
    if (highest >= SINCE_HINTS)
        lima_json_set_bool(document, true, UEFI "StopOnBootFailure");
    set_secure_boot(vm, document);
}

static void set_memory(const hyperv_vm *vm, uint32_t highest, lima_json *document, lima_strv *left_out)
{
    lima_json_set_int(document, (int64_t)(vm->memory_mib & ~UINT64_C(1)), MEMORY "SizeInMB");
    if (vm->overcommit) {
        lima_json_set_bool(document, true, MEMORY "AllowOvercommit");
        lima_json_set_bool(document, true, MEMORY "EnableDeferredCommit");
    }
    if (vm->overcommit && highest >= SINCE_HINTS)
        lima_json_set_bool(document, true, MEMORY "EnableColdDiscardHint");
    else if (vm->overcommit)
        lima_strv_addf(left_out, "memory that the guest frees is not given back: %s and later can do that",
                       lima_hyperv_schema_windows(SINCE_HINTS));
    if (vm->process_suffix && highest >= SINCE_SUFFIX)
        lima_json_set_str(document, vm->process_suffix, MEMORY "HostingProcessNameSuffix");
}

static void set_services(uint32_t highest, lima_json *document, lima_strv *left_out)
{
    lima_json *empty = lima_json_new_object();

    if (highest >= SINCE_SERVICES) {
        lima_json_set_copy(document, empty, VM "Services.Shutdown");
        lima_json_set_copy(document, empty, VM "Services.Timesync");
    } else {
        lima_strv_addf(
            left_out,
            "the guest is shut down over SSH and keeps its own time: %s and later have services for "
            "both",
            lima_hyperv_schema_windows(SINCE_SERVICES));
    }
    lima_json_free(empty);
}

static void set_state(const hyperv_vm *vm, lima_json *document)
{
    if (vm->guest_state)
        lima_json_set_str(document, vm->guest_state, VM "GuestState.GuestStateFilePath");
    if (vm->run_state)
        lima_json_set_str(document, vm->run_state, VM "GuestState.RuntimeStateFilePath");
    if (vm->restore)
        lima_json_set_str(document, vm->restore, VM "RestoreState.SaveStateFilePath");
    if (vm->tpm) {
        lima_json_set_bool(document, true, VM "SecuritySettings.EnableTpm");
        lima_json_set_str(document, "GuestStateOnly", VM "SecuritySettings.Isolation.IsolationType");
    }
}

static void set_machine(const hyperv_vm *vm, uint32_t highest, lima_json *document, lima_strv *left_out)
{
    lima_json_set_bool(document, vm->stop_on_reset, VM "StopOnReset");
    lima_json_set_bool(document, true, VM "Chipset.UseUtc");
    if (vm->boot == HYPERV_BOOT_KERNEL)
        set_kernel(vm, document);
    else
        set_uefi(vm, highest, document);
    set_memory(vm, highest, document, left_out);
    lima_json_set_int(document, vm->cpus, PROCESSOR "Count");
    if (vm->nested)
        lima_json_set_bool(document, true, PROCESSOR "ExposeVirtualizationExtensions");
    set_services(highest, document, left_out);
    set_state(vm, document);
}

/* What is written last stands first in the file all the same: the keys were made in the beginning. */
static bool declare(lima_json *document, uint32_t schemas, lima_err *err)
{
    uint32_t minor = 0;

    if (!lima_hyperv_schema_choose(document, schemas, &minor, err))
        return false;
    lima_json_set_int(document, minor, "SchemaVersion.Minor");
    return true;
}

bool lima_hyperv_document(const hyperv_vm *vm, const hyperv_host *host, char **ret, lima_strv *ret_left_out,
                          lima_err *err)
{
    if (!check_boot(vm, err) || !check_machine(vm, host, err))
        return false;
    lima_json *document = lima_json_new_object();
    lima_strv left_out = {0};
    lima_json_set_int(document, 2, "SchemaVersion.Major");
    lima_json_set_int(document, 0, "SchemaVersion.Minor");
    lima_json_set_str(document, HYPERV_OWNER, "Owner");
    lima_json_set_bool(document, !vm->survives, "ShouldTerminateOnLastHandleClosed");
    set_machine(vm, lima_hyperv_schema_highest(host->schemas), document, &left_out);
    bool ok = lima_hyperv_document_devices(vm, document, err) && declare(document, host->schemas, err);
    if (ok) {
        *ret = lima_json_print(document);
        lima_strv_add_all(ret_left_out, &left_out);
    }
    lima_strv_free(&left_out);
    lima_json_free(document);
    return ok;
}

static bool has(const char *document, size_t len, const char *path)
{
    lima_json *json = NULL;
    bool found = lima_json_parse(document, len, &json, NULL)
                 && lima_json_get_kind(json, "%s", path) == LIMA_JSON_OBJECT;
    lima_json_free(json);
    return found;
}

bool lima_hyperv_document_has_shutdown(const char *document, size_t len)
{
    return has(document, len, VM "Services.Shutdown");
}

const char *lima_hyperv_document_why_not_saved(const char *document, size_t len)
{
    if (has(document, len, VM "Devices.Plan9"))
        return "Windows saves no VM that has shares of its own server (mountType 9p; with reverse-sshfs it "
               "would)";
    return NULL;
}

/* Owned. */
static char *adapters_of(const lima_buf *document)
{
    lima_json *json = NULL;
    lima_json *adapters = lima_json_parse(lima_buf_str(document), document->len, &json, NULL)
                              ? lima_json_get_copy(json, VM "Devices.NetworkAdapters")
                              : NULL;
    char *text = adapters ? lima_json_print(adapters) : lima_mem_strdup("");

    lima_json_free(adapters);
    lima_json_free(json);
    return text;
}

bool lima_hyperv_document_same_adapters(const lima_buf *one, const lima_buf *other)
{
    char *ours = adapters_of(one), *theirs = adapters_of(other);
    bool same = lima_str_eq(ours, theirs);

    free(theirs);
    free(ours);
    return same;
}

bool lima_hyperv_document_restore(const char *document, size_t len, const char *state, char **ret,
                                  lima_err *err)
{
    lima_json *json = NULL;
    lima_err cause = {0};
    uint32_t minor = 0;
    const char *why = lima_hyperv_document_why_not_saved(document, len);
    bool ok = len <= HYPERV_DOCUMENT_MAX && lima_json_parse(document, len, &json, &cause)
              && lima_hyperv_schema_choose(json, UINT32_MAX, &minor, &cause);

    ok = ok && !why && lima_json_get_kind(json, VM "ComputeTopology") == LIMA_JSON_OBJECT;
    if (ok) {
        lima_json_set_str(json, state, VM "RestoreState.SaveStateFilePath");
        *ret = lima_json_print(json);
    } else {
        lima_err_set(err, LIMA_CODE_DATA_LOSS, "the document of the saved VM cannot be used: %s",
                     why           ? why
                     : *cause.text ? cause.text
                                   : "it is no document of a VM");
    }
    lima_json_free(json);
    return ok;
}
