/* Documents are changed in place, key by key, so that everything else in them stays as it came. */
#include "driver/documents.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/process.h"

static void set_missing(lima_json *doc, const char *path, const char *value)
{
    if (!*lima_json_str(doc, "", "%s", path))
        lima_json_set_str(doc, value, "%s", path);
}

bool lima_document_fill(const lima_driver *driver, const char *name, lima_instance *inst, lima_err *err)
{
    if (driver->configure && !driver->configure(inst, err))
        return lima_err_wrap(err, "configure instance '%s'", lima_json_str(inst->doc, "", "name"));
    set_missing(inst->doc, "config.vmType", name);
    set_missing(inst->doc, "vmType", lima_json_str(inst->doc, name, "config.vmType"));
    set_missing(inst->doc, "config.mountType", "reverse-sshfs");
    return lima_instance_refresh(inst, err);
}

/* ---- Info ---- */

static void add_features(lima_json *doc, const lima_driver_info *info)
{
    lima_json_set_bool(doc, false, "features.canRunGui"); /* cannot work over gRPC: facts 8.1, no. 11 */
    lima_json_set_bool(doc, info->dynamic_ssh_address, "features.dynamicSSHAddress");
    lima_json_set_bool(doc, info->static_ssh_port, "features.staticSSHPort");
    lima_json_set_bool(doc, info->skip_socket_forwarding, "features.skipSocketForwarding");
    lima_json_set_bool(doc, info->no_cloud_init, "features.noCloudInit");
    lima_json_set_bool(doc, info->rosetta_enabled, "features.rosettaEnabled");
    lima_json_set_bool(doc, info->rosetta_binfmt, "features.rosettaBinFmt");
    for (size_t i = 0; info->image_formats && info->image_formats[i]; i++)
        lima_json_set_str(doc, info->image_formats[i], "features.supportedImageFormats[%zu]", i);
}

char *lima_document_info(const lima_driver *driver, const char *name, const char *version,
                         const lima_instance *inst)
{
    lima_driver_info info = {0};
    lima_json *doc = lima_json_new_object();
    if (driver->info)
        driver->info(inst, &info);
    lima_json_set_str(doc, name, "name");
    lima_json_set_str(doc, version, "version");
    lima_json_set_int(doc, info.vsock_port, "vsockPort");
    lima_json_set_str(doc, info.virtio_port ? info.virtio_port : "", "virtioPort");
    if (inst)
        lima_json_set_str(doc, inst->dir, "instanceDir");
    add_features(doc, &info);
    lima_json_set_bool(doc, driver->snapshots, "groups.snapshots");
    lima_json_set_bool(doc, driver->display, "groups.display");
    lima_json_set_bool(doc, driver->guest_agent, "groups.guestAgent");
    char *text = lima_json_print(doc);
    lima_json_free(doc);
    return text;
}

/* ---- status ---- */

static const char *status_name(lima_vm_state state, bool host_agent)
{
    switch (state) {
    case LIMA_VM_STOPPED:
        return "Stopped";
    case LIMA_VM_RUNNING:
        return host_agent ? "Running" : "Broken";
    case LIMA_VM_UNINITIALIZED:
        return "Uninitialized";
    case LIMA_VM_BROKEN:
        break;
    }
    return "Broken";
}

static void set_status(lima_json *doc, const lima_vm_status *status, bool host_agent)
{
    lima_json_set_str(doc, status_name(status->state, host_agent), "status");
    if (status->pid)
        lima_json_set_int(doc, status->pid, "driverPID");
    else
        lima_json_remove(doc, "driverPID"); /* `limactl stop -f` would kill a stranger */
    if (status->ssh_port)
        lima_json_set_int(doc, status->ssh_port, "sshLocalPort");
    if (*status->ssh_address)
        lima_json_set_str(doc, status->ssh_address, "sshAddress");
}

bool lima_document_inspect(const lima_driver *driver, lima_instance *inst, char **ret_note, lima_err *err)
{
    lima_vm_status status = {0};
    lima_process_id id;
    if (!driver->inspect(inst, &status, err))
        return lima_err_wrap(err, "inspect instance '%s'", inst->name);
    bool host_agent = inst->host_agent_pid && lima_process_find(inst->host_agent_pid, &id);
    if (status.state == LIMA_VM_STOPPED || status.state == LIMA_VM_UNINITIALIZED)
        status.pid = 0;
    set_status(inst->doc, &status, host_agent);
    char *note = NULL;
    if (status.state == LIMA_VM_RUNNING && !host_agent)
        note =
            lima_mem_printf("instance '%s': the VM runs but its host agent does not; run: limactl stop -f %s",
                            inst->name, inst->name);
    else if (*status.text)
        note = lima_mem_printf("instance '%s': %s", inst->name, status.text);
    if (!lima_instance_refresh(inst, err)) {
        free(note);
        return false;
    }
    *ret_note = note;
    return true;
}

void lima_document_set_broken(lima_instance *inst)
{
    lima_json_set_str(inst->doc, "Broken", "status");
}
