/* How it works: waiting is for the process, in slices so that helpers, the network thread and the size of the
 * log are looked at too. */
#include "qemu/vm.h"

#include <stdlib.h>
#include <string.h>

#include "os/file.h"
#include "qemu/find.h"
#include "qemu/leftovers.h"
#include "qemu/network_setup.h"
#include "qemu/stderr_text.h"

enum {
    SLICE_MS = 15000,        /* between looks at helpers and logs */
    SLICE_NETWORK_MS = 1000, /* while a network is being set up */
    STDERR_TAIL_BYTES = 16 * 1024,
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

/* ---- waiting ---- */

typedef struct waiting {
    lima_call *call;
    qemu_state *state;
    lima_process *process;
    qemu_record record;
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

/* Until the process has ended. */
static bool wait_for_end(waiting *watch, lima_process_exit *ret, lima_err *err)
{
    lima_err failure = {0};
    bool network_busy = true;

    while (!lima_process_wait(watch->process, lima_clock_in(network_busy ? SLICE_NETWORK_MS : SLICE_MS),
                              lima_call_wake(watch->call), ret, &failure)) {
        if (failure.code != LIMA_CODE_DEADLINE_EXCEEDED)
            return lima_err_set(err, failure.code, "%s", failure.text);
        if (network_failed(watch->state, &network_busy, err))
            return false;
        lima_qemu_helpers_watch(&watch->record.helpers);
        bound_log(watch->log);
    }
    return true;
}

/* How it ended. QEMU that ends because of a signal ends with status 0 all the same, but says so. */
static bool judge_end(const waiting *watch, const lima_process_exit *end, lima_err *err)
{
    char *tail = lima_qemu_log_tail(watch->log, STDERR_TAIL_BYTES);
    bool told = strstr(tail, "terminating on signal") != NULL;
    bool in_order = !told && !end->signaled && end->code == 0;
    qemu_death death = {.program = told || end->signaled ? "QEMU was ended from outside" : "QEMU",
                        .log_file = watch->log,
                        .exit_text = end->text};

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
    lima_process_exit end = {0};

    if (!wait_for_end(watch, &end, err))
        return false;
    bool ok = is_stopping(watch->state) || judge_end(watch, &end, err);
    lima_qemu_network_setup_end(watch->state);
    lima_qemu_leftovers_clean(lima_call_instance(watch->call), &watch->record);
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
    lima_qemu_record_read(inst, &watch.record, NULL);
    bool ok = !watch.process || wait_and_judge(&watch, err);
    lima_qemu_record_free(&watch.record);
    free(watch.log);
    end_waiting(watch.state);
    return ok;
}

void lima_qemu_state_free(void *block)
{
    qemu_state *state = block;

    lima_qemu_network_setup_end(state);
    lima_process_free(state->process);
    lima_monitor_free(state->monitor);
}
