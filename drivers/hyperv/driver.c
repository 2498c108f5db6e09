/* The table, in life-cycle order. What stands behind each callback is in the file it calls. */
#include "hyperv/boot_scripts.h"
#include "hyperv/config_inputs.h"
#include "hyperv/disks.h"
#include "hyperv/look.h"
#include "hyperv/prep.h"
#include "hyperv/remove.h"
#include "hyperv/snapshots.h"
#include "hyperv/table.h"
#include "hyperv/vm.h"
#include "hyperv/ways.h"

enum { LOCK_MS = 60000 };

static void info(const lima_instance *inst_or_null, lima_driver_info *ret)
{
    (void)inst_or_null;
    ret->vsock_port = HYPERV_AGENT_PORT;
    ret->skip_socket_forwarding = true;
}

/* ---- with the instance's disks locked ---- */

typedef bool locked_work(const lima_instance *inst, const hyperv_vm_steps *vm, const char *tag,
                         lima_wake *wake, lima_err *err);

static bool run_locked(lima_call *call, locked_work *work, const char *tag, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);
    lima_file_lock *lock = NULL;
    hyperv_steps_context context;
    hyperv_vm_steps steps;

    if (!lima_hyperv_lock(inst, lima_clock_in(LOCK_MS), &lock, err))
        return false;
    lima_hyperv_vm_steps(inst, lima_call_wake(call), &context, &steps);
    bool ok = work(inst, &steps, tag, lima_call_wake(call), err);
    lima_file_lock_release(lock);
    return ok;
}

static bool make_disks(const lima_instance *inst, const hyperv_vm_steps *vm, const char *tag, lima_wake *wake,
                       lima_err *err)
{
    (void)vm;
    (void)tag;
    return lima_hyperv_disks_create(inst, wake, err);
}

static bool create_disk(lima_call *call, lima_err *err)
{
    return run_locked(call, make_disks, NULL, err);
}

static bool snapshot_create(lima_call *call, const char *tag, lima_err *err)
{
    return run_locked(call, lima_hyperv_snapshots_create, tag, err);
}

static bool snapshot_apply(lima_call *call, const char *tag, lima_err *err)
{
    return run_locked(call, lima_hyperv_snapshots_apply, tag, err);
}

static bool snapshot_remove(lima_call *call, const char *tag, lima_err *err)
{
    return run_locked(call, lima_hyperv_snapshots_remove, tag, err);
}

static bool snapshot_list(lima_call *call, lima_snapshot_list *ret, lima_err *err)
{
    return lima_hyperv_snapshots_list(lima_call_instance(call), ret, err);
}

static const lima_driver_snapshots snapshots = {
    .create = snapshot_create, .apply = snapshot_apply, .remove = snapshot_remove, .list = snapshot_list};

const lima_driver lima_hyperv_driver = {
    .name = "hyperv",
    .summary = "runs Linux guests as VMs of Windows' Host Compute Service",
    .state_size = sizeof(hyperv_state),
    .state_free = lima_hyperv_state_free,
    .info = info,
    .configure = lima_hyperv_fill,
    .validate = lima_hyperv_check,
    .inspect = lima_hyperv_inspect,
    .create_disk = create_disk,
    .boot_scripts = lima_hyperv_boot_scripts,
    .start = lima_hyperv_vm_start,
    .wait = lima_hyperv_vm_wait,
    .setup_ssh = lima_hyperv_ways_ssh,
    .stop = lima_hyperv_vm_stop,
    .remove = lima_hyperv_remove,
    .snapshots = &snapshots,
    .guest_agent = &lima_hyperv_agent,
    .preparation = &lima_hyperv_preparation,
};
