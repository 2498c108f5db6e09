/* How it works: waiting is for the process, in slices so that helpers, the network thread and the size of
 * the log are looked at too. Stopping goes from friendly to hard: power button (again and again, since a
 * booting guest does not see it), QEMU's `quit`, kill. Each looks at the VM anew, and a process is only
 * ever ended by its identity, never by a bare pid. */
#include "qemu/vm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "os/file.h"
#include "qemu/find.h"
#include "qemu/leftovers.h"
#include "qemu/network_setup.h"
#include "qemu/stderr_text.h"
#include "qemu/usernet.h"

enum {
    SLICE_MS = 15000,        /* between looks at helpers and logs */
    SLICE_NETWORK_MS = 1000, /* while a network is being set up */
    STDERR_TAIL_BYTES = 16 * 1024,
    QMP_TRIES = 2, /* failures in a row after which the power button is given up */
    POLL_MS = 100,
};

/* ---- turns on the control socket ---- */

static bool take_turn(qemu_state *state, lima_deadline deadline, lima_err *err)
{
    lima_monitor *monitor = lima_qemu_monitor(&state->monitor);
    bool free_now;

    lima_monitor_enter(monitor);
    while (state->qmp_taken && lima_monitor_wait(monitor, deadline))
        ;
    free_now = !state->qmp_taken;
    if (free_now)
        state->qmp_taken = true;
    lima_monitor_leave(monitor);
    return free_now
           || lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED,
                           "QEMU's control socket is busy with another request of this driver");
}

static void end_turn(qemu_state *state)
{
    lima_monitor *monitor = lima_qemu_monitor(&state->monitor);

    lima_monitor_enter(monitor);
    state->qmp_taken = false;
    lima_monitor_notify(monitor);
    lima_monitor_leave(monitor);
}

bool lima_qemu_vm_qmp(lima_call *call, lima_deadline deadline, qemu_qmp **ret, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);
    qemu_state *state = lima_call_state(call);
    char *path = lima_instance_path(inst, "qmp.sock");
    bool ok = take_turn(state, deadline, err);

    if (ok && !lima_qemu_qmp_open(path, deadline, lima_call_wake(call), ret, err)) {
        end_turn(state);
        ok = false;
    }
    free(path);
    return ok;
}

void lima_qemu_vm_qmp_done(lima_call *call, qemu_qmp *qmp)
{
    lima_qemu_qmp_close(qmp);
    end_turn(lima_call_state(call));
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

/* ---- status ---- */

bool lima_qemu_vm_inspect(const lima_instance *inst, lima_vm_status *ret, lima_err *err)
{
    qemu_found found = {0};
    static const lima_vm_state states[] = {[QEMU_FOUND_NONE] = LIMA_VM_STOPPED,
                                           [QEMU_FOUND_RUNNING] = LIMA_VM_RUNNING,
                                           [QEMU_FOUND_UNCLEAR] = LIMA_VM_BROKEN};

    (void)err;
    if (!*inst->dir) {
        *ret = (lima_vm_status){0};
        return true;
    }
    lima_qemu_find(inst, lima_clock_in(QEMU_INSPECT_MS), &found);
    *ret = (lima_vm_status){.state = states[found.kind],
                            .pid = found.kind == QEMU_FOUND_RUNNING ? found.id.pid : 0};
    memcpy(ret->text, found.why, sizeof found.why < sizeof ret->text ? sizeof found.why : sizeof ret->text);
    lima_qemu_found_free(&found);
    return true;
}

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

/* ---- waiting ---- */

typedef struct waiting {
    lima_call *call;
    qemu_state *state;
    lima_process *process; /* our child, or NULL */
    qemu_found found;
    char *log;
} waiting;

static void bound_log(const char *path)
{
    lima_file_info info = {0};
    lima_file *file = NULL;

    if (lima_file_stat(path, false, &info, NULL) && info.size > QEMU_STDERR_BYTES_MAX
        && lima_file_open(path, LIMA_FILE_WRITE, &file, NULL))
        lima_file_resize(file, 0, NULL);
    lima_file_close(file);
}

/* Whether the network could not be set up; the VM is then of no use to limactl. */
static bool network_failed(qemu_state *state, bool *ret_busy, lima_err *err)
{
    lima_monitor *monitor = lima_qemu_monitor(&state->monitor);

    lima_monitor_enter(monitor);
    lima_err failure = state->network_failure;
    *ret_busy = state->network_busy;
    lima_monitor_leave(monitor);
    if (failure.code)
        lima_err_set(err, failure.code, "%s", failure.text);
    return failure.code != LIMA_CODE_OK;
}

static bool wait_slice(const waiting *watch, bool network_busy, lima_process_exit *ret, lima_err *err)
{
    lima_deadline deadline = lima_clock_in(network_busy ? SLICE_NETWORK_MS : SLICE_MS);
    lima_wake *wake = lima_call_wake(watch->call);

    return watch->process ? lima_process_wait(watch->process, deadline, wake, ret, err)
                          : lima_process_wait_id(watch->found.id, deadline, wake, err);
}

/* Until the process has ended. */
static bool wait_for_end(waiting *watch, lima_process_exit *ret, lima_err *err)
{
    lima_err failure = {0};
    bool network_busy = true;

    while (!wait_slice(watch, network_busy, ret, &failure)) {
        if (failure.code != LIMA_CODE_DEADLINE_EXCEEDED)
            return lima_err_set(err, failure.code, "%s", failure.text);
        if (network_failed(watch->state, &network_busy, err))
            return false;
        lima_qemu_helpers_watch(&watch->found.record.helpers);
        bound_log(watch->log);
    }
    return true;
}

static bool pid_file_stays(const lima_instance *inst)
{
    lima_file_info info = {0};
    char *path = lima_qemu_pid_file(inst);
    bool there = lima_file_stat(path, false, &info, NULL) && info.kind != LIMA_FILE_NONE;

    free(path);
    return there;
}

/* How it ended. QEMU removes its pid file when it ends in order, and tells of a signal that it obeyed. */
static bool judge_end(const waiting *watch, const lima_process_exit *end, lima_err *err)
{
    char *tail = lima_qemu_log_tail(watch->log, STDERR_TAIL_BYTES);
    bool told = strstr(tail, "terminating on signal") != NULL;
    bool in_order = !told
                    && (watch->process ? !end->signaled && end->code == 0
                                       : !pid_file_stays(lima_call_instance(watch->call)));
    qemu_death death = {.program = told || end->signaled ? "QEMU was ended from outside" : "QEMU",
                        .log_file = watch->log,
                        .exit_text = watch->process ? end->text : "it ended without removing its pid file"};

    if (!in_order)
        lima_qemu_stderr_explain(tail, strlen(tail), &death, err);
    free(tail);
    return in_order;
}

static bool is_stopping(qemu_state *state)
{
    lima_monitor *monitor = lima_qemu_monitor(&state->monitor);

    lima_monitor_enter(monitor);
    bool stopping = state->stopping;
    lima_monitor_leave(monitor);
    return stopping;
}

static bool wait_and_judge(waiting *watch, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(watch->call);
    lima_process_exit end = {0};

    if (!watch->process && watch->found.kind != QEMU_FOUND_RUNNING)
        return true;
    if (!wait_for_end(watch, &end, err))
        return false;
    bool ok = is_stopping(watch->state) || judge_end(watch, &end, err);
    lima_qemu_leftovers_clean(inst, &watch->found.record);
    return ok;
}

static lima_process *begin_waiting(qemu_state *state)
{
    lima_monitor *monitor = lima_qemu_monitor(&state->monitor);

    lima_monitor_enter(monitor);
    state->waiting++;
    lima_process *process = state->process;
    lima_monitor_leave(monitor);
    return process;
}

static void end_waiting(qemu_state *state)
{
    lima_monitor *monitor = lima_qemu_monitor(&state->monitor);

    lima_monitor_enter(monitor);
    state->waiting--;
    lima_monitor_notify(monitor);
    lima_monitor_leave(monitor);
}

bool lima_qemu_vm_wait(lima_call *call, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);
    waiting watch = {.call = call, .state = lima_call_state(call)};

    watch.process = begin_waiting(watch.state);
    watch.log = lima_instance_path(inst, QEMU_STDERR_FILE);
    lima_qemu_find(inst, lima_clock_in(QEMU_INSPECT_MS), &watch.found);
    bool ok = wait_and_judge(&watch, err);
    lima_qemu_found_free(&watch.found);
    free(watch.log);
    end_waiting(watch.state);
    return ok;
}

/* ---- stopping ---- */

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
        if (lima_wake_wait(wake, lima_clock_in(POLL_MS)) && wake)
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

static void unexpose(lima_call *call, const qemu_record *record)
{
    lima_err err = {0};

    if (record->endpoint
        && !lima_qemu_usernet_unexpose(record->endpoint, record->ssh_address, record->ssh_port,
                                       lima_call_wake(call), &err))
        lima_log_warn("SSH forward could not be closed: %s", err.text);
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
    return lima_process_end_id(before->id, true, err) && await_gone(call, before, QEMU_KILL_MS, err);
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

    unexpose(call, &found->record);
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

void lima_qemu_state_free(void *block)
{
    qemu_state *state = block;

    lima_qemu_network_setup_end(state);
    lima_process_free(state->process);
    lima_monitor_free(state->monitor);
}
