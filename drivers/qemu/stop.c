/* How it works: from friendly to hard: the power button (again and again, since a booting guest does not see
 * it), QEMU's `quit`, kill. Each looks at the VM anew, and a process is only ever ended by its identity,
 * never by a bare pid. */
#include <inttypes.h>

#include "base/log.h"
#include "os/clock.h"
#include "qemu/find.h"
#include "qemu/leftovers.h"
#include "qemu/network_setup.h"
#include "qemu/vm.h"

enum {
    POLL_MS = 100,
    QMP_TRIES = 2, /* failures in a row after which the power button is given up */
};

/* The VM that this process has started, else the one found. */
static void find_current(lima_call *call, qemu_found *ret)
{
    qemu_state *state = lima_call_state(call);
    lima_monitor *monitor = lima_qemu_monitor(&state->monitor);

    lima_monitor_enter(monitor);
    lima_process_id ours = state->process ? lima_process_get_id(state->process) : (lima_process_id){0};
    lima_monitor_leave(monitor);
    lima_qemu_find(lima_call_instance(call), lima_clock_in(QEMU_INSPECT_MS), ret);
    if (ours.pid && !lima_process_wait_id(ours, 0, NULL, NULL)) {
        ret->kind = QEMU_FOUND_RUNNING;
        ret->id = ours;
    }
}

/* One command without arguments on a fresh turn. */
static bool command(lima_call *call, const char *name, lima_err *err)
{
    lima_deadline deadline = lima_clock_in(QEMU_QMP_CALL_MS / 2);
    qemu_qmp *qmp = NULL;

    if (!lima_qemu_vm_qmp(call, deadline, &qmp, err))
        return false;
    bool ok = lima_qemu_qmp_call(qmp, name, NULL, deadline, lima_call_wake(call), NULL, err);
    lima_qemu_vm_qmp_done(call, qmp);
    return ok;
}

/* A VM without a known process is gone when nobody answers for it any more. */
static bool socket_gone(const lima_instance *inst, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    for (;;) {
        qemu_found found = {0};
        lima_qemu_find(inst, lima_clock_in(POLL_MS), &found);
        bool gone = found.kind == QEMU_FOUND_NONE;
        lima_qemu_found_free(&found);
        if (gone)
            return true;
        if (lima_wake_wait(wake, lima_clock_in(POLL_MS)))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "stop cancelled");
        if (lima_clock_now() >= deadline)
            return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "QEMU still answers");
    }
}

static bool await_gone(lima_call *call, const qemu_found *found, uint64_t ms, lima_err *err)
{
    lima_deadline deadline = lima_clock_in(ms);

    return found->id.pid ? lima_process_wait_id(found->id, deadline, lima_call_wake(call), err)
                         : socket_gone(lima_call_instance(call), deadline, lima_call_wake(call), err);
}

/* Presses the power button until the VM is gone, or until it is of no use. True when it is gone. */
static bool power_down(lima_call *call, const qemu_found *found, uint32_t grace_ms, lima_err *err)
{
    lima_deadline deadline = lima_clock_in(grace_ms);
    unsigned failures = 0;

    for (uint64_t now = lima_clock_now(); now < deadline && failures < QMP_TRIES; now = lima_clock_now()) {
        lima_err failure = {0};
        bool pressed = command(call, "system_powerdown", &failure);
        uint64_t pause = pressed ? QEMU_POWERDOWN_EVERY_MS : POLL_MS;
        failures = pressed ? 0 : failures + 1;
        if (!pressed)
            lima_log_debug("power button: %s", failure.text);
        if (await_gone(call, found, pause < deadline - now ? pause : deadline - now, &failure))
            return true;
        if (failure.code == LIMA_CODE_CANCELLED)
            return lima_err_set(err, LIMA_CODE_CANCELLED, "stop cancelled");
    }
    return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "the guest did not shut down");
}

/* Kills it, if it is still the VM: a pid that came from a file is looked at again. */
static bool kill_vm(lima_call *call, const qemu_found *before, lima_err *err)
{
    qemu_found now = {0};

    find_current(call, &now);
    bool gone = now.kind == QEMU_FOUND_NONE;
    bool same =
        now.kind == QEMU_FOUND_UNCLEAR || (now.id.pid == before->id.pid && now.id.start == before->id.start);
    lima_qemu_found_free(&now);
    if (gone)
        return true;
    if (!same || !before->id.pid)
        return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "QEMU's process cannot be told; end it by hand");
    /* not for the call's wake: when it is raised the process of this driver is about to end, or a Delete
     * waits, and it is a matter of milliseconds */
    return lima_process_end_id(before->id, true, err)
           && lima_process_wait_id(before->id, lima_clock_in(QEMU_KILL_MS), NULL, err);
}

static bool force(lima_call *call, const qemu_found *found, lima_err *err)
{
    lima_err failure = {0};

    if (command(call, "quit", &failure) && await_gone(call, found, QEMU_QUIT_MS, &failure))
        return true;
    lima_log_warn("instance '%s': QEMU is killed: %s", lima_call_instance(call)->name, failure.text);
    return kill_vm(call, found, err)
           || lima_err_wrap(err, "QEMU (pid %" PRIu32 ") does not end", found->id.pid);
}

static bool end_vm(lima_call *call, const qemu_found *found, uint32_t grace_ms, lima_err *err)
{
    lima_err failure = {0};

    if (grace_ms && power_down(call, found, grace_ms, &failure))
        return true;
    if (failure.code == LIMA_CODE_CANCELLED)
        return lima_err_set(err, failure.code, "%s", failure.text);
    if (grace_ms)
        lima_log_warn("instance '%s': %s; it is forced off", lima_call_instance(call)->name, failure.text);
    return force(call, found, err);
}

static void set_stopping(qemu_state *state, bool stopping)
{
    lima_monitor *monitor = lima_qemu_monitor(&state->monitor);

    lima_monitor_enter(monitor);
    state->stopping = stopping;
    lima_monitor_leave(monitor);
}

bool lima_qemu_vm_stop(lima_call *call, uint32_t grace_ms, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);
    qemu_found found = {0};
    bool ok = true;

    set_stopping(lima_call_state(call), true);
    lima_qemu_network_setup_end(lima_call_state(call));
    find_current(call, &found);
    if (found.kind == QEMU_FOUND_UNCLEAR)
        ok = lima_err_set(err, LIMA_CODE_UNAVAILABLE, "cannot tell whether it runs: %s", found.why);
    else if (found.kind == QEMU_FOUND_RUNNING)
        ok = end_vm(call, &found, grace_ms, err);
    if (ok)
        lima_qemu_leftovers_clean(inst, &found.record);
    else
        set_stopping(lima_call_state(call), false);
    lima_qemu_found_free(&found);
    return ok;
}
