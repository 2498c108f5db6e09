/* How it works: the guest is asked to shut down (shutdown.h); then the VM is forced off; then what belonged
 * to it on this computer goes: the endpoint, access to files, the console's pipe. The VM is opened by its id,
 * because it may be of an earlier process of this driver. */
#include <stdlib.h>

#include "base/log.h"
#include "hyperv/disks.h"
#include "hyperv/look.h"
#include "hyperv/network.h"
#include "hyperv/shutdown.h"
#include "hyperv/record.h"
#include "hyperv/vm.h"
#include "hyperv/ways.h"
#include "os/file.h"

/* GRACE_MS leaves the rest its time: limactl waits 190 s for all of it. */
enum { GRACE_MS = 90000, LOCK_MS = 30000 };

static bool end_vm(const lima_instance *inst, uint32_t grace_ms, lima_wake *wake, lima_err *err)
{
    hyperv_vm_state state = HYPERV_VM_NONE;
    char vm_id[LIMA_GUID_SIZE];

    lima_hyperv_vm_id(inst->dir, vm_id);
    if (!lima_hyperv_look(vm_id, lima_clock_in(HYPERV_CALL_MS), wake, &state, err))
        return false;
    if (state == HYPERV_VM_RUNNING && grace_ms)
        lima_hyperv_shut_down(inst, vm_id, grace_ms < GRACE_MS ? grace_ms : GRACE_MS, wake);
    if (state == HYPERV_VM_FOREIGN)
        lima_log_warn(
            "instance '%s': another program has a compute system with its id (%s); it is left alone",
            inst->name, vm_id);
    return lima_hyperv_power_off(vm_id, wake, err);
}

/* Troubles cost an address until the next start. */
static void clean_up(const lima_instance *inst, lima_wake *wake)
{
    lima_file_lock *lock = NULL;
    lima_err err = {0};
    char vm_id[LIMA_GUID_SIZE];

    lima_hyperv_vm_id(inst->dir, vm_id);
    if (!lima_hyperv_network_detach(inst, wake, &err))
        lima_log_warn("instance '%s': %s", inst->name, err.text);
    if (lima_hyperv_lock(inst, lima_clock_in(LOCK_MS), &lock, &err))
        lima_hyperv_disks_release(inst, vm_id);
    else
        lima_log_warn("instance '%s': additional disks stay locked: %s", inst->name, err.text);
    if (lock)
        lima_file_lock_release(lock);
}

static void set_stopping(hyperv_run *run, bool on)
{
    lima_monitor_enter(run->monitor);
    run->stopping = on;
    run->end_wanted = true;
    lima_monitor_notify(run->monitor);
    lima_monitor_leave(run->monitor);
}

bool lima_hyperv_vm_stop(lima_call *call, uint32_t grace_ms, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);
    lima_wake *wake = lima_call_wake(call);
    hyperv_run *run = lima_hyperv_run_of(call);

    if (!lima_hyperv_look_possible())
        return true;
    if (grace_ms && lima_hyperv_is_in_user_space(inst))
        lima_hyperv_ways_ssh(call, NULL); /* a guest may have to be asked over SSH, and has no other way */
    set_stopping(run, true);
    bool ok = end_vm(inst, grace_ms, wake, err);
    if (ok) {
        lima_hyperv_run_close(run);
        clean_up(inst, wake);
    }
    set_stopping(run, false);
    return ok;
}
