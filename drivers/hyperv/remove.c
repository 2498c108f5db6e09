#include "hyperv/remove.h"

#include "hyperv/disks.h"
#include "hyperv/look.h"
#include "hyperv/network.h"
#include "hyperv/vm.h"

enum { LOCK_MS = 30000 };

static bool release_disks(const lima_instance *inst, const char *vm_id, lima_err *err)
{
    lima_file_lock *lock = NULL;

    if (!lima_hyperv_lock(inst, lima_clock_in(LOCK_MS), &lock, err))
        return false;
    lima_hyperv_disks_release(inst, vm_id);
    lima_file_lock_release(lock);
    return true;
}

bool lima_hyperv_remove(lima_call *call, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);
    lima_wake *wake = lima_call_wake(call);
    char vm_id[LIMA_GUID_SIZE];

    lima_hyperv_vm_id(inst->dir, vm_id);
    if (lima_hyperv_look_possible()
        && (!lima_hyperv_power_off(vm_id, wake, err) || !lima_hyperv_network_remove(inst, wake, err)))
        return false;
    lima_hyperv_run_close(lima_hyperv_run_of(call));
    return release_disks(inst, vm_id, err);
}
