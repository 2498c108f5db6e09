/* An id is free again when the last handle of its VM is closed, and several processes may have one: the driver
 * that waits for its end, one that stops it. They close theirs as soon as they see the end. */
#include <stdlib.h>

#include "base/log.h"
#include "hyperv/exit_reason.h"
#include "hyperv/look.h"
#include "hyperv/vm.h"

enum { ID_FREE_MS = 10000, PAUSE_MS = 20, END_TEXT_MS = 1000 };

static bool is_gone(const lima_err *err)
{
    return err->code == LIMA_CODE_NOT_FOUND;
}

bool lima_hyperv_power_create(const char *vm_id, const char *document, lima_wake *wake, lima_hcs_system **ret,
                              lima_err *err)
{
    lima_deadline deadline = lima_clock_in(ID_FREE_MS);
    lima_err why = {0};

    while (!lima_hcs_create(vm_id, document, lima_clock_in(HYPERV_POWER_MS), wake, ret, &why)) {
        if (why.code != LIMA_CODE_ALREADY_EXISTS || lima_clock_now() >= deadline)
            return lima_err_set(err, why.code, "make the VM: %s", why.text);
        if (lima_wake_wait(wake, lima_clock_in(PAUSE_MS)))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "start cancelled");
    }
    return true;
}

bool lima_hyperv_power_on(lima_hcs_system *system, lima_wake *wake, lima_err *err)
{
    lima_hcs_end end = {0};
    hyperv_exit reason;

    if (lima_hcs_start(system, lima_clock_in(HYPERV_POWER_MS), wake, err))
        return true;
    lima_hcs_terminate(system, lima_clock_in(HYPERV_CALL_MS), NULL, NULL);
    if (lima_hcs_wait_end(system, lima_clock_in(END_TEXT_MS), NULL, &end, NULL)
        && end.how == LIMA_HCS_EXITED) {
        lima_hyperv_exit_read(end.status, end.crash, &reason);
        lima_log_info("the VM whose start failed: %s", reason.text);
    }
    lima_hcs_end_free(&end);
    return lima_err_wrap(err, "start the VM");
}

static bool await_end(lima_hcs_system *system, lima_wake *wake, lima_err *err)
{
    lima_hcs_end end = {0};
    bool ok = lima_hcs_wait_end(system, lima_clock_in(HYPERV_CALL_MS), wake, &end, err);

    lima_hcs_end_free(&end);
    return ok;
}

static bool has_ended(lima_hcs_system *system)
{
    return lima_wake_wait(lima_hcs_ended(system), 0);
}

static bool end_system(lima_hcs_system *system, lima_wake *wake, lima_err *err)
{
    lima_err why = {0};

    if (lima_hcs_terminate(system, lima_clock_in(HYPERV_POWER_MS), wake, &why))
        return await_end(system, wake, err);
    return is_gone(&why) || has_ended(system)
           || lima_err_set(err, why.code, "force the VM off: %s", why.text);
}

bool lima_hyperv_power_off(const char *vm_id, lima_wake *wake, lima_err *err)
{
    hyperv_vm_state state = HYPERV_VM_NONE;
    lima_hcs_system *system = NULL;
    lima_err why = {0};

    if (!lima_hyperv_look(vm_id, lima_clock_in(HYPERV_CALL_MS), wake, &state, err))
        return false;
    if (state == HYPERV_VM_NONE || state == HYPERV_VM_FOREIGN)
        return true;
    if (!lima_hcs_open(vm_id, lima_clock_in(HYPERV_CALL_MS), wake, &system, &why))
        return is_gone(&why) || lima_err_set(err, why.code, "%s", why.text);
    bool ok = end_system(system, wake, err);
    lima_hcs_close(system);
    return ok;
}
