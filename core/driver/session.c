/* The session: one Start call from the first message to the last.
 *
 *   queue ─▶ no session here? ─▶ inspect ─▶ vm lock ─▶ leftover VM off ─▶ driver's start ─▶ "started" ─▶ driver's wait ─▶ "ended"
 *
 * Only the part up to the driver's start is in the queue; `wait` runs beside everything. The vm lock
 * (INSTDIR/NAME.vm.lock) is held for the session: with limactl 2.0 and 2.1 an instance has several driver
 * processes, and a VM that another one watches is not a leftover. A lock file is no status: it says nothing
 * about the VM, only about this process.
 *
 * What the messages mean differs by release (facts: lima-driver-contract 3.6): before 2.0.3 any "success"
 * says that the VM has ended, so nothing is sent until it has. A stream that ends without a message is not
 * noticed by limactl at all, so there is always a last one. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "driver/call.h"
#include "os/clock.h"

enum { LOCK_SLICE_MS = 200 };

typedef struct session {
    lima_call *call;
    lima_file_lock *lock;
} session;

static const lima_driver *driver_of(const lima_call *call)
{
    return call->control->driver;
}

static const char *name_of(const lima_call *call)
{
    return call->shared->inst->name;
}

static void set_session(lima_control *control, session_state state)
{
    lima_monitor_enter(control->monitor);
    control->session = state;
    lima_monitor_notify(control->monitor);
    lima_monitor_leave(control->monitor);
}

/* ---- starting; in the queue ---- */

char *lima_call_vm_lock_path(const lima_call *call)
{
    char *file = lima_mem_printf("%s.vm.lock", driver_of(call)->name);
    char *path = lima_instance_path(call->shared->inst, file);
    free(file);
    return path;
}

static bool lock_vm(lima_call *call, bool running, lima_file_lock **ret, lima_err *err)
{
    char *path = lima_call_vm_lock_path(call);
    lima_deadline until = lima_clock_in(running ? 0 : LIMA_CONTROL_LOCK_MS);
    lima_err why = {0};
    bool ok;
    while (!(ok = lima_file_lock_take(path, lima_clock_in(running ? 0 : LOCK_SLICE_MS), ret, &why))
           && why.code == LIMA_CODE_UNAVAILABLE && lima_clock_now() < until && !lima_call_cancelled(call))
        ;
    free(path);
    if (ok)
        return true;
    if (why.code != LIMA_CODE_UNAVAILABLE)
        return lima_err_set(err, why.code, "%s", why.text);
    return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                        "it runs already, under another driver process; stop it first: limactl stop %s",
                        name_of(call));
}

static bool may_run(const lima_vm_status *status)
{
    return status->state == LIMA_VM_RUNNING || status->state == LIMA_VM_BROKEN;
}

/* A VM that nobody watches: its driver has died. Starting a second one on the same disk would destroy the
 * disk. */
static bool clear_leftover(lima_call *call, const lima_vm_status *status, lima_err *err)
{
    if (!may_run(status))
        return true;
    lima_log_warn("instance '%s': found a VM that an earlier driver process left behind%s%s; shutting it "
                  "down before the start",
                  name_of(call), *status->text ? ": " : "", status->text);
    return driver_of(call)->stop(call, LIMA_CONTROL_ORPHAN_GRACE_MS, err)
           || lima_err_wrap(err, "stop the VM that was left running");
}

/* The lock file stays from the first start to Delete. */
static bool was_ever_started(const lima_call *call)
{
    char *path = lima_call_vm_lock_path(call);
    lima_file_info info;
    bool there = lima_file_stat(path, true, &info, NULL) && info.kind != LIMA_FILE_NONE;
    free(path);
    return there;
}

bool lima_call_clear_leftover(lima_call *call, lima_err *err)
{
    lima_vm_status status = {0};
    lima_file_lock *lock = NULL;
    if (lima_control_has_session(call->control) || !was_ever_started(call)
        || !driver_of(call)->inspect(call->shared->inst, &status, NULL) || !may_run(&status))
        return true;
    bool ok =
        lock_vm(call, status.state == LIMA_VM_RUNNING, &lock, err) && clear_leftover(call, &status, err);
    lima_file_lock_release(lock);
    return ok;
}

static bool start_vm(lima_call *call, lima_err *err)
{
    session *own = call->ret;
    lima_vm_status status = {0};
    if (lima_control_has_session(call->control))
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "it runs already; stop it first: limactl stop %s", name_of(call));
    if (!driver_of(call)->inspect(call->shared->inst, &status, err))
        return lima_err_wrap(err, "find out whether it runs already");
    if (!lock_vm(call, status.state == LIMA_VM_RUNNING, &own->lock, err)
        || !clear_leftover(call, &status, err) || !driver_of(call)->start(call, err))
        return false;
    set_session(call->control, SESSION_RUNS);
    return true;
}

/* ---- ending ---- */

typedef enum process_end { END_FAR = 0, END_NEAR, END_NOW } process_end;

static process_end end_of_process(lima_control *control, bool *ret_stop_vms)
{
    lima_monitor_enter(control->monitor);
    process_end end = control->ending ? END_NOW : control->hurried ? END_NEAR : END_FAR;
    *ret_stop_vms = control->stop_vms;
    lima_monitor_leave(control->monitor);
    return end;
}

static bool stop_orphan(lima_call *call, lima_err *err)
{
    static const uint32_t graces[] = {
        [END_FAR] = LIMA_CONTROL_ORPHAN_GRACE_MS, [END_NEAR] = LIMA_CONTROL_HURRY_GRACE_MS, [END_NOW] = 0};
    bool stop_vms;
    return driver_of(call)->stop(call, graces[end_of_process(call->control, &stop_vms)], err);
}

/* As a call of its own: the client's one is cancelled. *ret_given_up: for a Delete, or the process's end. */
static bool stop_apart(const lima_call *call, bool *ret_given_up, lima_err *err)
{
    lima_call *own = lima_call_new_deaf(call->control, call->generation);
    bool ok = lima_call_exclusive(own, CALL_ORPHAN, stop_orphan, err);
    *ret_given_up = own->given_up;
    lima_call_free(own);
    return ok;
}

/* Nobody else will stop this VM, but a Delete, which forces it off. Each time that the process's end comes
 * nearer meanwhile, the guest has less time. */
static void put_down(const lima_call *call, const char *reason)
{
    lima_err err = {0};
    bool ok, given_up, stop_vms;
    process_end begun;
    lima_log_warn("instance '%s': %s; shutting the VM down", name_of(call), reason);
    do {
        begun = end_of_process(call->control, &stop_vms);
        ok = stop_apart(call, &given_up, &err);
    } while (!ok && end_of_process(call->control, &stop_vms) > begun);
    if (!ok && given_up)
        lima_log_info("instance '%s': its shutdown is cut short by Delete", name_of(call));
    else if (!ok)
        lima_log_error("instance '%s': its VM may still run: %s; end it: limactl stop -f %s", name_of(call),
                       err.text, name_of(call));
}

/* The driver has given the VM up; one that runs on would be seen by nobody once this session has ended. */
static void put_down_if_running(lima_call *call, const char *reason)
{
    lima_vm_status status = {0};
    if (driver_of(call)->inspect(call->shared->inst, &status, NULL) && status.state == LIMA_VM_RUNNING)
        put_down(call, reason);
}

/* Blocks for the life of the VM. True: it ended in order; false: `err` says what to tell the client, and
 * `ret_lost` that the driver has given the VM up. */
static bool watch(lima_call *call, bool *ret_lost, lima_err *err)
{
    bool stop_vms;
    lima_err why = {0};
    if (driver_of(call)->wait(call, &why))
        return true;
    if (!lima_call_cancelled(call)) {
        *ret_lost = true;
        return lima_err_set(err, why.code, "%s", why.text);
    }
    bool ending = end_of_process(call->control, &stop_vms) == END_NOW;
    if (ending && !stop_vms) /* how long the VM goes on without us is the driver's kind of VM's affair */
        return lima_err_set(
            err, LIMA_CODE_UNAVAILABLE,
            "the driver process was told to end and watches the VM no longer; should it run on, "
            "stop it: limactl stop -f %s",
            name_of(call));
    put_down(call, stop_vms ? "the instance folder has gone" : "the client of its Start has gone");
    return lima_err_set(err, LIMA_CODE_CANCELLED, "the client of its Start has gone");
}

static void end_session(session *own)
{
    lima_file_lock_release(own->lock);
    own->lock = NULL;
    set_session(own->call->control, SESSION_NONE);
}

bool lima_control_start(lima_call *call, lima_start_send *send, void *arg, lima_err *err)
{
    session own = {.call = call};
    lima_err why = {0};
    call->ret = &own;
    lima_call_await_session_end(call->control, true);
    if (!lima_call_exclusive(call, CALL_START, start_vm, &why)) {
        if (call->given_up)
            lima_err_set(&why, LIMA_CODE_CANCELLED, "stopped while it was starting");
        lima_err_wrap(&why, "start instance '%s'", name_of(call));
        lima_file_lock_release(own.lock);
        send(arg, false, why.text);
        return lima_err_set(err, why.code, "%s", why.text);
    }
    lima_log_info("instance '%s': the VM runs", name_of(call));
    if (call->generation >= LIMA_GENERATION_2_0_3)
        send(arg, true, "");
    bool lost = false, ok = watch(call, &lost, &why);
    if (lost)
        set_session(call->control, SESSION_LOST);
    else
        end_session(&own);
    lima_log_info("instance '%s': %s%s", name_of(call),
                  ok ? "the VM has ended" : "the session has ended: ", ok ? "" : why.text);
    send(arg, ok, ok ? "" : why.text);
    if (lost) { /* told first: to look whether it runs on may take a hypervisor that is stuck its time */
        put_down_if_running(call, why.text);
        end_session(&own);
    }
    return true;
}
