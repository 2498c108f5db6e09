/* How it works: plan, helpers, connections, then QEMU in a process group of its own with its output in a
 * file. The record is written before anything is waited for, so that a driver killed in between is succeeded
 * by one that finds helpers, locks and the VM. A start has succeeded when QEMU answers on its control socket:
 * by then it has opened its disks, bound its ports and made its processors, or has died saying why. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/host.h"
#include "qemu/find.h"
#include "qemu/leftovers.h"
#include "qemu/network_setup.h"
#include "qemu/plan.h"
#include "qemu/stderr_text.h"
#include "qemu/swtpm.h"
#include "qemu/virtiofsd.h"
#include "qemu/vm.h"

enum { POLL_MS = 10, CONNECT_MS = 5000, STDERR_TAIL_BYTES = 16 * 1024, IDLE_WAITERS_MS = 10000 };

typedef struct start {
    const lima_instance *inst;
    lima_wake *wake;
    qemu_plan plan;
    qemu_record record;
    lima_stream *streams[QEMU_NICS_MAX];
    uint32_t stream_count;
    lima_process *process;
    char *log;
    lima_deadline deadline;
} start;

/* ---- before ---- */

static bool check_none_runs(const lima_instance *inst, qemu_found *found, lima_err *err)
{
    lima_qemu_find(inst, lima_clock_in(QEMU_INSPECT_MS), found);
    if (found->kind == QEMU_FOUND_RUNNING)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "it runs already (QEMU, pid %" PRIu32 "); stop it first", found->id.pid);
    return found->kind == QEMU_FOUND_NONE
           || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "cannot tell whether it runs: %s", found->why);
}

/* The VM before this one has ended; who still waits for it is about to see that. */
static bool forget_last(qemu_state *state, lima_err *err)
{
    lima_monitor *monitor = lima_qemu_monitor(&state->monitor);
    lima_deadline deadline = lima_clock_in(IDLE_WAITERS_MS);

    lima_qemu_network_setup_end(state);
    lima_monitor_enter(monitor);
    while (state->waiting && lima_monitor_wait(monitor, deadline))
        ;
    bool idle = state->waiting == 0;
    if (idle) {
        lima_process_free(state->process);
        state->process = NULL;
        state->stopping = false;
    }
    lima_monitor_leave(monitor);
    return idle
           || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                           "the last start of this instance has not ended yet; try again");
}

static void begin_record(start *launch)
{
    const char *network = lima_qemu_nics_ssh_network(&launch->plan.settings.nics);

    lima_strv_add_all(&launch->record.disk_locks, &launch->plan.extra_disks.locks);
    launch->record.endpoint = network ? lima_qemu_network_file(launch->inst, network, "ep.sock") : NULL;
    launch->record.ssh_address = lima_mem_strdup(launch->inst->ssh_address);
    launch->record.ssh_port = launch->inst->ssh_port;
}

static bool start_helpers(start *launch, lima_err *err)
{
    const qemu_settings *settings = &launch->plan.settings;
    const char *dir = launch->inst->dir;
    qemu_record *record = &launch->record;

    return lima_qemu_virtiofsd_start_all(launch->plan.argv.items[0], &settings->mounts, dir, launch->wake,
                                         &record->helpers, err)
           && (!settings->tpm_socket
               || lima_qemu_swtpm_start(dir, settings->tpm_socket, &record->helpers, err))
           && ((record->helpers.len == 0 && record->disk_locks.len == 0)
               || lima_qemu_record_write(launch->inst, record, err))
           && lima_qemu_helpers_await(&record->helpers, launch->wake, err);
}

static bool connect_networks(start *launch, lima_err *err)
{
    const qemu_nics *nics = &launch->plan.settings.nics;

    for (size_t i = 0; i < nics->len; i++) {
        if (nics->items[i].kind != QEMU_NIC_FD)
            continue;
        if (!lima_stream_connect(nics->items[i].socket, lima_clock_in(CONNECT_MS),
                                 &launch->streams[launch->stream_count], err))
            return lima_err_wrap(err, "network interface %zu (does its daemon run?)", i);
        launch->stream_count++;
    }
    return true;
}

static void close_streams(start *launch)
{
    while (launch->stream_count > 0)
        lima_stream_close(launch->streams[--launch->stream_count]);
}

/* ---- QEMU itself ---- */

static bool spawn(start *launch, lima_err *err)
{
    lima_process_desc desc = {.argv = lima_strv_items(&launch->plan.argv),
                              .out = LIMA_PROCESS_FILE,
                              .err = LIMA_PROCESS_FILE,
                              .out_file = launch->log,
                              .err_file = launch->log,
                              .inherit = launch->streams,
                              .inherit_count = launch->stream_count};
    char *line = lima_strv_join(&launch->plan.argv, " ");
    bool ok = lima_process_start(&desc, &launch->process, err);

    lima_log_debug("run %s", line);
    free(line);
    close_streams(launch);
    if (ok)
        launch->record.vm = lima_process_get_id(launch->process);
    return ok;
}

static bool explain_death(const start *launch, const lima_process_exit *end, lima_err *err)
{
    char *tail = lima_qemu_log_tail(launch->log, STDERR_TAIL_BYTES);
    qemu_death death = {
        .program = launch->plan.argv.items[0], .exit_text = end->text, .log_file = launch->log};

    lima_qemu_stderr_explain(tail, strlen(tail), &death, err);
    free(tail);
    return false;
}

static bool explain_hang(const start *launch, const lima_err *why, lima_err *err)
{
    char *tail = lima_qemu_log_tail(launch->log, STDERR_TAIL_BYTES);
    char *words = lima_qemu_stderr_last_words(tail, strlen(tail), 400);

    lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED,
                 "QEMU (%s) was started but does not answer; it was ended again: %s%s%s "
                 "(LIMA_QEMU_START_TIMEOUT gives it more seconds)",
                 launch->plan.argv.items[0], why->text, *words ? "; it said: " : "", words);
    free(words);
    free(tail);
    return false;
}

/* A guest may have run and powered off before it was asked anything: that is a start, and an end in order. */
static bool judge_early_end(const start *launch, const lima_process_exit *end, lima_err *err)
{
    if (!end->signaled && end->code == 0)
        return true;
    return explain_death(launch, end, err);
}

typedef enum readiness { READY, NOT_YET, FAILED } readiness;

/* One try of the control socket. */
static readiness try_control(const start *launch, lima_err *err)
{
    qemu_qmp *qmp = NULL;
    lima_err failure = {0};
    bool ok =
        lima_qemu_qmp_open(launch->plan.settings.qmp_socket, launch->deadline, launch->wake, &qmp, &failure);

    lima_qemu_qmp_close(qmp);
    if (ok)
        return READY;
    if (failure.code == LIMA_CODE_NOT_FOUND || failure.code == LIMA_CODE_UNAVAILABLE)
        return NOT_YET;
    if (failure.code == LIMA_CODE_DEADLINE_EXCEEDED)
        explain_hang(launch, &failure, err);
    else
        lima_err_set(err, failure.code, "%s", failure.text);
    return FAILED;
}

static bool await_ready(const start *launch, lima_err *err)
{
    readiness state;
    lima_process_exit end;

    while ((state = try_control(launch, err)) == NOT_YET) {
        if (lima_process_wait(launch->process, lima_clock_in(POLL_MS), NULL, &end, NULL))
            return judge_early_end(launch, &end, err);
        if (lima_wake_wait(launch->wake, 0))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "start cancelled");
        if (lima_clock_now() >= launch->deadline)
            return explain_hang(launch, &(lima_err){.text = "there is no control socket"}, err);
    }
    return state == READY;
}

uint64_t lima_qemu_limit_ms(const char *variable, uint64_t unit_ms, uint64_t otherwise_ms)
{
    char *text = lima_env_get(variable);
    uint32_t value = 0;
    uint64_t limit = text && lima_parse_u32(text, &value, NULL) && value > 0 ? value * unit_ms : otherwise_ms;

    free(text);
    return limit;
}

/* ---- all together ---- */

static bool run_qemu(start *launch, lima_err *err)
{
    begin_record(launch);
    if (!start_helpers(launch, err) || !connect_networks(launch, err))
        return false;
    launch->deadline = lima_clock_in(lima_qemu_limit_ms("LIMA_QEMU_START_TIMEOUT", 1000, QEMU_START_MS));
    return spawn(launch, err) && lima_qemu_record_write(launch->inst, &launch->record, err)
           && await_ready(launch, err);
}

static void undo(start *launch)
{
    if (launch->process) {
        lima_process_end(launch->process, true);
        lima_process_wait(launch->process, lima_clock_in(QEMU_KILL_MS), NULL, &(lima_process_exit){0}, NULL);
    }
    lima_process_free(launch->process);
    lima_qemu_plan_undo(launch->inst, &launch->plan);
    lima_qemu_leftovers_clean(launch->inst, &launch->record);
}

static bool hand_over(lima_call *call, start *launch, lima_err *err)
{
    qemu_state *state = lima_call_state(call);
    lima_monitor *monitor = lima_qemu_monitor(&state->monitor);
    const qemu_nic *nic = &launch->plan.settings.nics.items[0];

    if (launch->record.endpoint && !lima_qemu_network_setup_start(call, nic, launch->record.endpoint, err))
        return false;
    lima_monitor_enter(monitor);
    state->process = launch->process;
    lima_monitor_leave(monitor);
    return true;
}

static bool start_prepared(lima_call *call, lima_err *err)
{
    start launch = {.inst = lima_call_instance(call), .wake = lima_call_wake(call)};

    if (!lima_qemu_plan_make(launch.inst, lima_call_generation(call), launch.wake, &launch.plan, err))
        return false;
    launch.log = lima_instance_path(launch.inst, QEMU_STDERR_FILE);
    bool ok = run_qemu(&launch, err) && hand_over(call, &launch, err);
    if (!ok)
        undo(&launch);
    close_streams(&launch);
    lima_qemu_record_free(&launch.record);
    lima_qemu_plan_free(&launch.plan);
    free(launch.log);
    return ok;
}

bool lima_qemu_vm_start(lima_call *call, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);
    qemu_found found = {0};
    bool ok = check_none_runs(inst, &found, err) && forget_last(lima_call_state(call), err);

    if (ok) {
        lima_qemu_leftovers_clean(inst, &found.record);
        ok = lima_qemu_leftovers_prepare(inst, err) && start_prepared(call, err);
    }
    lima_qemu_found_free(&found);
    return ok;
}
