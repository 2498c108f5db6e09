/* Disks stand on one controller and CDs on another, so that a CD more or less never moves a disk. Services of
 * hvsocket admit SYSTEM and one user, never a group: the group may be missing from her token. */
#include "hyperv/document_devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/guid.h"
#include "base/mem.h"
#include "base/str.h"

#define DEVICES "VirtualMachine.Devices."
#define SOCKETS DEVICES "HvSocket.HvSocketConfig."

/* Flags of a Plan9 share (facts 7.1). */
enum { SHARE_READ_ONLY = 0x01, SHARE_LINUX_METADATA = 0x04 };
enum { CIDATA_LUN = 0, ISO_LUN = 1, SID_MAX = 184 };

void lima_hyperv_service(uint32_t port, char ret[HYPERV_SERVICE_SIZE])
{
    snprintf(ret, HYPERV_SERVICE_SIZE, "%08x-facb-11e6-bd58-64006a7986d3", port);
}

bool lima_hyperv_mac(const char *mac, char ret[HYPERV_MAC_SIZE])
{
    char made[HYPERV_MAC_SIZE] = "";
    size_t len = strlen(mac);

    if (len != HYPERV_MAC_SIZE - 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = mac[i];
        bool digit = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
        if (i % 3 == 2 ? c != ':' && c != '-' : !digit)
            return false;
        made[i] = (char)(i % 3 == 2 ? '-' : c >= 'a' ? c - ('a' - 'A') : c);
    }
    memcpy(ret, made, sizeof made);
    return true;
}

static void attach(lima_json *document, const char *controller, size_t lun, const char *type,
                   const char *path)
{
    char *at = lima_mem_printf(DEVICES "Scsi.%s.Attachments.%zu", controller, lun);
    lima_json_set_str(document, type, "%s.Type", at);
    lima_json_set_str(document, path, "%s.Path", at);
    if (lima_str_eq(type, "Iso"))
        lima_json_set_bool(document, true, "%s.ReadOnly", at);
    free(at);
}

/* Windows goes by the name and not by the content (facts 8.5). */
static bool attach_disk(lima_json *document, size_t lun, const char *path, lima_err *err)
{
    if (!lima_str_has_suffix(path, ".vhdx"))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "disk '%.300s' is not called .vhdx, and Windows takes no other", path);
    attach(document, HYPERV_DISKS, lun, "VirtualDisk", path);
    return true;
}

static bool add_disks(const hyperv_vm *vm, lima_json *document, lima_err *err)
{
    if (vm->extra_disk_count > HYPERV_EXTRA_DISKS_MAX)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "additionalDisks has %zu entries; at most %d are possible", vm->extra_disk_count,
                            HYPERV_EXTRA_DISKS_MAX);
    bool ok = !vm->disk || attach_disk(document, 0, vm->disk, err);
    for (size_t i = 0; ok && i < vm->extra_disk_count; i++)
        ok = attach_disk(document, i + 1, vm->extra_disks[i], err);
    if (vm->cidata)
        attach(document, HYPERV_CDS, CIDATA_LUN, "Iso", vm->cidata);
    if (vm->iso)
        attach(document, HYPERV_CDS, ISO_LUN, "Iso", vm->iso);
    return ok;
}

/* The adapter bears the endpoint's GUID, which is then its instance id: a saved VM finds it again. */
static bool add_nic(const hyperv_nic *nic, lima_json *document, lima_err *err)
{
    char mac[HYPERV_MAC_SIZE], id[LIMA_GUID_SIZE];

    if (!lima_guid_parse(nic->endpoint ? nic->endpoint : "", id))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "network endpoint '%.60s' is no GUID",
                            nic->endpoint ? nic->endpoint : "");
    if (!lima_hyperv_mac(nic->mac ? nic->mac : "", mac))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "'%.40s' is not a MAC address like 52:55:55:12:34:56", nic->mac ? nic->mac : "");
    lima_json_set_str(document, id, DEVICES "NetworkAdapters.\"%s\".EndpointId", id);
    lima_json_set_str(document, mac, DEVICES "NetworkAdapters.\"%s\".MacAddress", id);
    return true;
}

static bool add_nics(const hyperv_vm *vm, lima_json *document, lima_err *err)
{
    bool ok =
        vm->nic_count <= HYPERV_NICS_MAX
        || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "%zu network adapters; at most %d are possible",
                        vm->nic_count, HYPERV_NICS_MAX);
    for (size_t i = 0; ok && i < vm->nic_count; i++)
        ok = add_nic(&vm->nics[i], document, err);
    return ok;
}

/* It becomes part of a security descriptor: nothing but a SID may get there. */
static bool is_sid(const char *text)
{
    size_t len = strlen(text);
    return lima_str_has_prefix(text, "S-1-") && len > 4 && len <= SID_MAX
           && strspn(text + 1, "0123456789-") == len - 1 && text[len - 1] != '-';
}

static void add_service(lima_json *document, uint32_t port, const char *descriptor)
{
    char service[HYPERV_SERVICE_SIZE];

    lima_hyperv_service(port, service);
    lima_json_set_str(document, descriptor, SOCKETS "ServiceTable.\"%s\".BindSecurityDescriptor", service);
    lima_json_set_str(document, descriptor, SOCKETS "ServiceTable.\"%s\".ConnectSecurityDescriptor", service);
    lima_json_set_bool(document, false, SOCKETS "ServiceTable.\"%s\".AllowWildcardBinds", service);
}

static bool add_sockets(const hyperv_vm *vm, lima_json *document, lima_err *err)
{
    if (!vm->owner_sid)
        return !vm->port_count
               || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                               "vsock ports are of no use without a user who may open them");
    if (!is_sid(vm->owner_sid))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%.200s' is no SID of a user", vm->owner_sid);
    if (vm->port_count > HYPERV_PORTS_MAX)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "%zu vsock ports; at most %d are possible",
                            vm->port_count, HYPERV_PORTS_MAX);
    char *descriptor = lima_mem_printf("D:P(A;;FA;;;SY)(A;;FA;;;%s)", vm->owner_sid);
    lima_json_set_str(document, descriptor, SOCKETS "DefaultBindSecurityDescriptor");
    lima_json_set_str(document, descriptor, SOCKETS "DefaultConnectSecurityDescriptor");
    for (size_t i = 0; i < vm->port_count; i++)
        add_service(document, vm->ports[i], descriptor);
    free(descriptor);
    return true;
}

static void add_share(const hyperv_share *share, size_t i, lima_json *document)
{
    const char at[] = DEVICES "Plan9.Shares";
    int64_t flags = SHARE_LINUX_METADATA | (share->read_only ? SHARE_READ_ONLY : 0);

    lima_json_set_str(document, share->name, "%s[%zu].Name", at, i);
    lima_json_set_str(document, share->name, "%s[%zu].AccessName", at, i);
    lima_json_set_str(document, share->path, "%s[%zu].Path", at, i);
    lima_json_set_int(document, share->port, "%s[%zu].Port", at, i);
    lima_json_set_int(document, flags, "%s[%zu].Flags", at, i);
}

static bool is_new_name(const hyperv_vm *vm, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (lima_str_eq(vm->shares[k].name, vm->shares[i].name))
            return false;
    return true;
}

static bool add_shares(const hyperv_vm *vm, lima_json *document, lima_err *err)
{
    if (vm->share_count > HYPERV_SHARES_MAX)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "%zu shares; at most %d are possible",
                            vm->share_count, HYPERV_SHARES_MAX);
    if (vm->plan9 || vm->share_count) {
        lima_json *empty = lima_json_new_object();
        lima_json_set_copy(document, empty, DEVICES "Plan9");
        lima_json_free(empty);
    }
    for (size_t i = 0; i < vm->share_count; i++) {
        if (!is_new_name(vm, i))
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "two shares have the name '%.60s'",
                                vm->shares[i].name);
        add_share(&vm->shares[i], i, document);
    }
    return true;
}

bool lima_hyperv_document_devices(const hyperv_vm *vm, lima_json *document, lima_err *err)
{
    if (vm->console_pipe) /* the key "0" is COM1 */
        lima_json_set_str(document, vm->console_pipe, DEVICES "ComPorts.0.NamedPipe");
    return add_disks(vm, document, err) && add_nics(vm, document, err) && add_sockets(vm, document, err)
           && add_shares(vm, document, err);
}
