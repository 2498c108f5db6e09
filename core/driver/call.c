/* Calls: who looks at which instance, the queue of the state-changing ones, cancellation.
 *
 * The queue is a list; its first call runs and stays first while it does. Everything about it happens under
 * the control's one monitor, which no callback ever runs under. A wake cannot be lowered, so each call has
 * its own. */
#include "driver/call.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

enum { SESSION_END_MS = 5000 };

static void shared_unref(shared_instance *shared)
{
    if (atomic_fetch_sub(&shared->refs, 1) > 1)
        return;
    lima_instance_free(shared->inst);
    free(shared);
}

static shared_instance *shared_new(lima_instance *inst)
{
    shared_instance *shared = lima_mem_zalloc(1, sizeof *shared);
    atomic_init(&shared->refs, 1);
    shared->inst = inst;
    return shared;
}

lima_control *lima_control_new(const lima_driver *driver, const char *name, lima_instance *inst)
{
    lima_control *control = lima_mem_zalloc(1, sizeof *control);
    control->driver = driver;
    control->name = name;
    atomic_init(&control->refs, 1);
    control->state = lima_mem_zalloc(1, driver->state_size ? driver->state_size : 1);
    control->monitor = lima_monitor_new();
    control->shared = shared_new(inst);
    return control;
}

void lima_control_ref(lima_control *control)
{
    atomic_fetch_add(&control->refs, 1);
}

void lima_control_unref(lima_control *control)
{
    if (!control || atomic_fetch_sub(&control->refs, 1) > 1)
        return;
    if (control->driver->state_free)
        control->driver->state_free(control->state);
    free(control->state);
    shared_unref(control->shared);
    lima_monitor_free(control->monitor);
    free(control);
}

void lima_control_set_instance(lima_control *control, lima_instance *inst)
{
    shared_instance *fresh = shared_new(inst);
    lima_monitor_enter(control->monitor);
    shared_instance *old = control->shared;
    control->shared = fresh;
    lima_monitor_leave(control->monitor);
    shared_unref(old);
}

lima_instance *lima_control_instance(lima_control *control)
{
    lima_monitor_enter(control->monitor);
    lima_instance *copy = lima_instance_copy(control->shared->inst);
    lima_monitor_leave(control->monitor);
    return copy;
}

void lima_call_await_session_end(lima_control *control, bool only_lost)
{
    lima_deadline until = lima_clock_in(SESSION_END_MS);
    lima_monitor_enter(control->monitor);
    while (control->session > (only_lost ? SESSION_RUNS : SESSION_NONE)
           && lima_monitor_wait(control->monitor, until))
        ;
    lima_monitor_leave(control->monitor);
}

bool lima_control_has_session(lima_control *control)
{
    lima_monitor_enter(control->monitor);
    bool has = control->session != SESSION_NONE;
    lima_monitor_leave(control->monitor);
    return has;
}

/* ---- calls ---- */

/* Under the monitor. */
static void raise_call(lima_call *call)
{
    atomic_store(&call->cancelled, true);
    lima_wake_raise(call->wake);
}

lima_call *lima_call_new_deaf(lima_control *control, lima_generation generation)
{
    lima_call *call = lima_mem_zalloc(1, sizeof *call);
    lima_control_ref(control);
    call->control = control;
    call->generation = generation;
    call->wake = lima_wake_new();
    lima_monitor_enter(control->monitor);
    call->shared = control->shared;
    atomic_fetch_add(&call->shared->refs, 1);
    call->next_live = control->live;
    control->live = call;
    lima_monitor_leave(control->monitor);
    return call;
}

lima_call *lima_call_new(lima_control *control, lima_generation generation)
{
    lima_call *call = lima_call_new_deaf(control, generation);
    lima_monitor_enter(control->monitor);
    if (control->ending)
        raise_call(call);
    lima_monitor_leave(control->monitor);
    return call;
}

void lima_call_cancel(lima_call *call)
{
    lima_monitor_enter(call->control->monitor);
    raise_call(call);
    lima_monitor_notify(call->control->monitor);
    lima_monitor_leave(call->control->monitor);
}

void lima_call_free(lima_call *call)
{
    if (!call)
        return;
    lima_monitor_enter(call->control->monitor);
    lima_call **at = &call->control->live;
    while (*at != call)
        at = &(*at)->next_live;
    *at = call->next_live;
    lima_monitor_leave(call->control->monitor);
    shared_unref(call->shared);
    lima_wake_free(call->wake);
    lima_control_unref(call->control);
    free(call);
}

void lima_control_end(lima_control *control, bool stop_vms)
{
    lima_monitor_enter(control->monitor);
    control->ending = true;
    control->stop_vms |= stop_vms;
    for (lima_call *call = control->live; call; call = call->next_live)
        raise_call(call);
    lima_monitor_notify(control->monitor);
    lima_monitor_leave(control->monitor);
}

/* Under the monitor. */
static void give_up(lima_control *control, unsigned kinds)
{
    for (lima_call *call = control->queue; call; call = call->next) {
        if (!(call->kind & kinds))
            continue;
        call->given_up = true;
        raise_call(call);
    }
    lima_monitor_notify(control->monitor);
}

void lima_call_give_up(lima_control *control, unsigned kinds)
{
    lima_monitor_enter(control->monitor);
    give_up(control, kinds);
    lima_monitor_leave(control->monitor);
}

void lima_control_hurry(lima_control *control)
{
    lima_monitor_enter(control->monitor);
    control->hurried = true;
    give_up(control, CALL_ORPHAN);
    lima_monitor_leave(control->monitor);
}

/* ---- the driver's view ---- */

const lima_instance *lima_call_instance(const lima_call *call)
{
    return call->shared->inst;
}

lima_generation lima_call_generation(const lima_call *call)
{
    return call->generation;
}

void *lima_call_state(const lima_call *call)
{
    return call->control->state;
}

lima_wake *lima_call_wake(const lima_call *call)
{
    return call->wake;
}

bool lima_call_cancelled(const lima_call *call)
{
    return atomic_load(&call->cancelled);
}

/* ---- the queue ---- */

/* Under the monitor, as the next one. */
static void unlink_queued(lima_control *control, lima_call *call)
{
    lima_call **at = &control->queue;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    call->next = NULL;
    control->queue_len--;
    lima_monitor_notify(control->monitor);
}

static void append_queued(lima_control *control, lima_call *call)
{
    lima_call **at = &control->queue;
    while (*at)
        at = &(*at)->next;
    *at = call;
    control->queue_len++;
}

static const char *what_it_does(call_kind kind)
{
    switch (kind) {
    case CALL_START:
        return "a start";
    case CALL_SETUP_SSH:
        return "setting up SSH";
    case CALL_STOP:
    case CALL_ORPHAN:
        return "the shutdown of the VM";
    case CALL_CHANGE:
        break;
    }
    return "a change of the instance";
}

/* Writing the log may take long: not under the monitor. */
static bool join_queue(lima_control *control, lima_call *call, lima_err *err)
{
    const char *name = call->shared->inst->name;
    lima_monitor_enter(control->monitor);
    bool full = control->queue_len > LIMA_CONTROL_QUEUE_MAX;
    if (!full)
        append_queued(control, call);
    call_kind first = control->queue->kind;
    bool waits = control->queue != call;
    lima_monitor_leave(control->monitor);
    if (full)
        return lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED,
                            "instance '%s': %d calls wait already; try again later", name,
                            LIMA_CONTROL_QUEUE_MAX);
    if (waits)
        lima_log_info("instance '%s': waits until %s has ended", name, what_it_does(first));
    return true;
}

static bool wait_for_turn(lima_control *control, lima_call *call, lima_err *err)
{
    lima_monitor_enter(control->monitor);
    while (control->queue != call && !lima_call_cancelled(call))
        lima_monitor_wait(control->monitor,
                          LIMA_DEADLINE_NEVER); /* ends with the running call, which has its own deadlines */
    bool cancelled = lima_call_cancelled(call);
    if (cancelled)
        unlink_queued(control, call);
    lima_monitor_leave(control->monitor);
    return !cancelled
           || lima_err_set(err, LIMA_CODE_CANCELLED, "instance '%s': cancelled before its turn",
                           call->shared->inst->name);
}

bool lima_call_exclusive(lima_call *call, call_kind kind, call_run *run, lima_err *err)
{
    lima_control *control = call->control;
    call->kind = kind;
    if (!join_queue(control, call, err) || !wait_for_turn(control, call, err))
        return false;
    bool ok = !run || run(call, err);
    lima_monitor_enter(control->monitor);
    unlink_queued(control, call);
    lima_monitor_leave(control->monitor);
    return ok;
}
