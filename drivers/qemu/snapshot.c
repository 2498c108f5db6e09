/* How it works: each action looks anew whether a VM runs and is done by one of the two halves. */
#include "qemu/snapshot.h"

#include "os/clock.h"
#include "qemu/find.h"
#include "qemu/ssh_master.h"
#include "qemu/vm.h"

enum { TURN_MS = 30000 };

typedef enum place { OFFLINE, LIVE, NOWHERE } place;

static place where(const lima_instance *inst, lima_err *err)
{
    qemu_found found = {0};
    place at = OFFLINE;

    lima_qemu_find(inst, lima_clock_in(QEMU_INSPECT_MS), &found);
    if (found.kind == QEMU_FOUND_RUNNING)
        at = LIVE;
    else if (found.kind == QEMU_FOUND_UNCLEAR) {
        lima_err_set(err, LIMA_CODE_UNAVAILABLE, "cannot tell whether the instance runs: %s", found.why);
        at = NOWHERE;
    }
    lima_qemu_found_free(&found);
    return at;
}

typedef bool live_action(qemu_qmp *qmp, const char *tag, lima_err *err);
typedef bool offline_action(const lima_instance *inst, const char *tag, lima_wake *wake, lima_err *err);

/* A job of QEMU's cannot be called back; a snapshot that nobody wants any more is deleted again. */
static bool create_or_undo(lima_call *call, qemu_qmp *qmp, const char *tag, lima_err *err)
{
    if (!lima_qemu_live_create(qmp, tag, err))
        return false;
    if (!lima_call_cancelled(call))
        return true;
    lima_qemu_live_remove(qmp, tag, NULL);
    return lima_err_set(err, LIMA_CODE_CANCELLED, "cancelled");
}

static bool act_live(lima_call *call, live_action *action, const char *tag, lima_err *err)
{
    qemu_qmp *qmp = NULL;

    if (!lima_qemu_vm_qmp(call, lima_clock_in(TURN_MS), &qmp, err))
        return false;
    bool ok = action ? action(qmp, tag, err) : create_or_undo(call, qmp, tag, err);
    lima_qemu_vm_qmp_done(call, qmp);
    return ok;
}

/* `live` NULL: create. */
static bool act(lima_call *call, live_action *live, offline_action *offline, const char *tag, place *ret_at,
                lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);

    *ret_at = where(inst, err);
    if (*ret_at == LIVE)
        return act_live(call, live, tag, err);
    return *ret_at == OFFLINE && offline(inst, tag, lima_call_wake(call), err);
}

/* ---- the group ---- */

static bool snapshot_create(lima_call *call, const char *tag, lima_err *err)
{
    place at;

    return act(call, NULL, lima_qemu_offline_create, tag, &at, err);
}

static bool snapshot_apply(lima_call *call, const char *tag, lima_err *err)
{
    place at;
    bool ok = act(call, lima_qemu_live_apply, lima_qemu_offline_apply, tag, &at, err);

    if (ok && at == LIVE)
        lima_qemu_ssh_master_renew(lima_call_instance(call), lima_call_wake(call));
    return ok;
}

static bool snapshot_remove(lima_call *call, const char *tag, lima_err *err)
{
    place at;

    return act(call, lima_qemu_live_remove, lima_qemu_offline_remove, tag, &at, err);
}

static bool list_live(lima_call *call, lima_snapshot_list *ret, lima_err *err)
{
    qemu_qmp *qmp = NULL;

    if (!lima_qemu_vm_qmp(call, lima_clock_in(TURN_MS), &qmp, err))
        return false;
    bool ok = lima_qemu_live_list(qmp, ret, err);
    lima_qemu_vm_qmp_done(call, qmp);
    return ok;
}

static bool snapshot_list(lima_call *call, lima_snapshot_list *ret, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);
    place at = where(inst, err);

    return at == LIVE ? list_live(call, ret, err)
                      : at == OFFLINE && lima_qemu_offline_list(inst, lima_call_wake(call), ret, err);
}

const lima_driver_snapshots lima_qemu_snapshots = {
    .create = snapshot_create,
    .apply = snapshot_apply,
    .remove = snapshot_remove,
    .list = snapshot_list,
};
