/* How it works: one call waits for the VM's end with the handle of the start, and gives that handle up as soon as
 * there is an end, since the id is free only then. An end may be none: a live snapshot, of this process or of
 * another one, ends the VM and starts it again, under the lock of the disks; and when the service restarts, every
 * handle dies while VMs may live on. So the wait looks once more, under that lock, before it believes. */
#include "hyperv/vm.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "hyperv/exit_reason.h"
#include "hyperv/look.h"

enum { LOOK_MS = 100, LOCK_SLICE_MS = 500, AGAIN_MS = 20000, LOCKED_MS = 900000 };

/* ---- what is in hand ---- */

hyperv_run *lima_hyperv_run_of(lima_call *call)
{
    hyperv_state *state = lima_call_state(call);
    hyperv_run *present = atomic_load(&state->run);

    if (present)
        return present;
    hyperv_run *made = lima_mem_zalloc(1, sizeof *made);

    made->sshd = lima_mem_zalloc(1, sizeof *made->sshd);
    made->monitor = lima_monitor_new();
    if (atomic_compare_exchange_strong(&state->run, &present, made))
        return made;
    lima_monitor_free(made->monitor);
    free(made->sshd);
    free(made);
    return present;
}

void lima_hyperv_run_close(hyperv_run *run)
{
    lima_monitor_enter(run->monitor);
    lima_door *ssh = run->ssh, *agent = run->agent;
    hyperv_console *console = run->console;
    hyperv_usernet *usernet = run->usernet;
    run->ssh = run->agent = NULL;
    run->usernet = NULL;
    run->console = NULL;
    run->up = false;
    lima_monitor_leave(run->monitor);
    lima_door_close(ssh);
    lima_door_close(agent);
    lima_hyperv_usernet_close(usernet);
    lima_hyperv_console_close(console);
}

/* The VM lives on. */
void lima_hyperv_state_free(void *arg)
{
    hyperv_state *state = arg;
    hyperv_run *run = atomic_load(&state->run);

    if (!run)
        return;
    lima_hyperv_run_close(run);
    lima_hcs_close(run->system);
    lima_monitor_free(run->monitor);
    free(run->sshd);
    free(run);
}

/* ---- waiting ---- */

typedef struct waiting {
    const lima_instance *inst;
    hyperv_run *run;
    lima_wake *wake;
    lima_hcs_system *system;
    lima_hcs_end end; /* of the last system */
} waiting;

static lima_hcs_system *take_system(hyperv_run *run)
{
    lima_monitor_enter(run->monitor);
    lima_hcs_system *system = run->system;
    run->system = NULL;
    lima_monitor_leave(run->monitor);
    return system;
}

/* A stop that has begun goes on after the VM's end. */
static bool await_stop(const waiting *w)
{
    lima_monitor_enter(w->run->monitor);
    while (w->run->stopping && !lima_wake_wait(w->wake, 0))
        lima_monitor_wait(w->run->monitor, lima_clock_in(LOOK_MS));
    bool wanted = w->run->end_wanted;
    lima_monitor_leave(w->run->monitor);
    return wanted;
}

static bool lock(const waiting *w, lima_file_lock **ret, lima_err *err)
{
    lima_deadline deadline = lima_clock_in(LOCKED_MS);
    lima_err why = {0};

    while (!lima_hyperv_lock(w->inst, lima_clock_in(LOCK_SLICE_MS), ret, &why))
        if (why.code != LIMA_CODE_UNAVAILABLE || lima_clock_now() >= deadline || lima_wake_wait(w->wake, 0))
            return lima_err_set(err, lima_wake_wait(w->wake, 0) ? LIMA_CODE_CANCELLED : why.code, "%s",
                                why.text);
    return true;
}

/* UNAVAILABLE: the service is on its way up again. */
static bool open_again(waiting *w, lima_err *err)
{
    lima_deadline deadline = lima_clock_in(AGAIN_MS);
    lima_err why = {0};

    while (!lima_hcs_open(w->run->reach.vm_id, lima_clock_in(HYPERV_CALL_MS), w->wake, &w->system, &why))
        if (why.code != LIMA_CODE_UNAVAILABLE || lima_clock_now() >= deadline
            || lima_wake_wait(w->wake, lima_clock_in(LOOK_MS)))
            return lima_err_set(err, why.code, "%s", why.text);
    return true;
}

/* Whether it goes on under another handle; false, with CANCELLED or without an error: it does not. */
static bool goes_on(waiting *w, lima_err *err)
{
    lima_file_lock *held = NULL;
    lima_err why = {0};

    if (!lock(w, &held, &why)) {
        if (why.code == LIMA_CODE_CANCELLED)
            return lima_err_set(err, why.code, "%s", why.text);
        lima_log_warn("instance '%s': %s", w->inst->name, why.text);
    }
    bool on = open_again(w, &why);
    if (held)
        lima_file_lock_release(held);
    return on;
}

static bool judge(const waiting *w, lima_err *err)
{
    hyperv_exit reason;

    if (w->end.how == LIMA_HCS_DISCONNECTED)
        return lima_err_set(
            err, LIMA_CODE_UNAVAILABLE,
            "its VM is gone: the Host Compute Service (vmcompute) was restarted. Start it again: "
            "limactl start %s",
            w->inst->name);
    lima_hyperv_exit_read(w->end.status, w->end.crash, &reason);
    if (lima_hyperv_exit_is_orderly(reason.kind)) {
        lima_log_info("instance '%s': its VM has ended: %s", w->inst->name, reason.text);
        return true;
    }
    return lima_err_set(err, LIMA_CODE_UNAVAILABLE,
                        "its VM has ended: %s; more may be in serial.log. Start it again: limactl start %s",
                        reason.text, w->inst->name);
}

/* One handle's time. */
static bool await_end(waiting *w, lima_err *err)
{
    lima_hcs_end_free(&w->end);
    w->end = (lima_hcs_end){0};
    bool ended = lima_hcs_wait_end(w->system, LIMA_DEADLINE_NEVER, w->wake, &w->end, err);
    lima_hcs_close(w->system);
    w->system = NULL;
    return ended;
}

static bool await(waiting *w, lima_err *err)
{
    lima_err why = {0};

    do {
        if (!await_end(w, err))
            return false;
        if (await_stop(w))
            return true;
    } while (goes_on(w, &why));
    if (why.code == LIMA_CODE_CANCELLED)
        return lima_err_set(err, why.code, "%s", why.text);
    /* a stop may have come while the lock was waited for */
    return await_stop(w) || judge(w, err);
}

bool lima_hyperv_vm_wait(lima_call *call, lima_err *err)
{
    waiting w = {
        .inst = lima_call_instance(call), .run = lima_hyperv_run_of(call), .wake = lima_call_wake(call)};
    lima_err why = {0};

    w.system = take_system(w.run);
    if (!w.system)
        return true;
    bool ok = await(&w, &why);
    lima_hcs_end_free(&w.end);
    if (ok || why.code != LIMA_CODE_CANCELLED)
        lima_hyperv_run_close(w.run);
    return ok || lima_err_set(err, why.code, "%s", why.text);
}
