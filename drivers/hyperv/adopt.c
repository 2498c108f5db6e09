/* A VM outlives the driver that has started it. The one that comes then needs what is not in Windows: how its guest is
 * reached, which hyperv.json has kept. An endpoint needs nobody; the network in user space is served anew, and the
 * helper in the guest, which has tried all the time, finds it. */
#include <string.h>

#include "base/log.h"
#include "hyperv/look.h"
#include "hyperv/record.h"
#include "hyperv/vm.h"

static bool is_up(hyperv_run *run)
{
    lima_monitor_enter(run->monitor);
    bool up = run->up;
    lima_monitor_leave(run->monitor);
    return up;
}

static bool find(const lima_instance *inst, lima_wake *wake, hyperv_reach *ret, lima_err *err)
{
    hyperv_vm_state state = HYPERV_VM_NONE;
    hyperv_record record;

    lima_hyperv_vm_id(inst->dir, ret->vm_id);
    if (!lima_hyperv_look(ret->vm_id, lima_clock_in(HYPERV_CALL_MS), wake, &state, err))
        return false;
    if (state != HYPERV_VM_RUNNING)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "it does not run");
    lima_hyperv_record_read(inst, &record);
    ret->network = record.network;
    memcpy(ret->address, record.address, sizeof ret->address);
    return record.network == HYPERV_NETWORK_HVSOCKET || *record.address
           || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                           "it runs, but " HYPERV_RECORD_FILE
                           " does not tell how its guest is reached; stop it, and start it again");
}

/* False: another call was quicker, or a stop is under way. */
static bool take(hyperv_run *run, const hyperv_reach *reach, hyperv_usernet *usernet)
{
    lima_monitor_enter(run->monitor);
    bool taken = !run->up && !run->stopping;
    if (taken) {
        run->reach = *reach;
        run->usernet = usernet;
        run->end_wanted = false;
        run->up = true;
    }
    lima_monitor_leave(run->monitor);
    return taken;
}

bool lima_hyperv_vm_adopt(lima_call *call, bool *ret_adopted, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);
    hyperv_run *run = lima_hyperv_run_of(call);
    hyperv_reach reach = {0};
    hyperv_usernet *usernet = NULL;

    if (is_up(run))
        return true;
    if (!find(inst, lima_call_wake(call), &reach, err)
        || (reach.network == HYPERV_NETWORK_HVSOCKET
            && !lima_hyperv_usernet_open(reach.vm_id, inst->name, &usernet, err)))
        return false;
    bool taken = take(run, &reach, usernet);
    if (ret_adopted)
        *ret_adopted = taken;
    if (taken)
        lima_log_info("instance '%s': its VM was started by an earlier process; network: %s", inst->name,
                      lima_hyperv_network_name(reach.network));
    else
        lima_hyperv_usernet_close(usernet);
    return true;
}
