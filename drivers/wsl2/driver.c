/* The table, in life-cycle order. What stands behind each callback is in the file it calls. */
#include "wsl2/agent.h"
#include "wsl2/config_inputs.h"
#include "wsl2/create.h"
#include "wsl2/disk.h"
#include "wsl2/inspect.h"
#include "wsl2/port.h"
#include "wsl2/remove.h"
#include "wsl2/scripts.h"
#include "wsl2/snapshot.h"
#include "wsl2/ssh.h"
#include "wsl2/table.h"
#include "wsl2/vm.h"

static void info(const lima_instance *inst_or_null, lima_driver_info *ret)
{
    ret->vsock_port = lima_wsl2_agent_port(inst_or_null);
    ret->skip_socket_forwarding = true;
    ret->no_cloud_init = true;
}

static bool create_disk(lima_call *call, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);

    if (!lima_wsl2_create(inst, lima_call_wake(call), err))
        return false;
    lima_wsl2_disk_resize(inst, lima_call_wake(call));
    return true;
}

static size_t boot_scripts(const lima_instance *inst, const lima_boot_script **ret)
{
    (void)inst;
    *ret = lima_wsl2_script_user();
    return 1;
}

const lima_driver lima_wsl2_driver = {
    .name = "wsl2",
    .summary = "runs Linux guests as WSL2 distributions",
    .state_size = sizeof(wsl2_state),
    .state_free = lima_wsl2_state_free,
    .info = info,
    .configure = lima_wsl2_fill,
    .validate = lima_wsl2_check,
    .inspect = lima_wsl2_inspect,
    .create_disk = create_disk,
    .boot_scripts = boot_scripts,
    .start = lima_wsl2_vm_start,
    .wait = lima_wsl2_vm_wait,
    .setup_ssh = lima_wsl2_ssh_set_up,
    .stop = lima_wsl2_vm_stop,
    .remove = lima_wsl2_remove,
    .snapshots = &lima_wsl2_snapshots,
    .guest_agent = &lima_wsl2_agent,
};
