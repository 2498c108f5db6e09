/* How it works: the guest's own side is asked first, which ends its services and writes everything to
 * disk; then WSL terminates the distribution; then it is looked at, because WSL says "success" about
 * terminations that had no effect. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "driver/idfile.h"
#include "wsl2/argv.h"
#include "wsl2/files.h"
#include "wsl2/guest_run.h"
#include "wsl2/inspect.h"
#include "wsl2/record.h"
#include "wsl2/scripts.h"
#include "wsl2/vm.h"

/* INSIDE_MS leaves WSL's own part its time: limactl waits 190 s for all of it. */
enum { TRIES = 2, INSIDE_MS = 60000, KEEPER_END_MS = 5000, LOOK_PAUSE_MS = 200, GONE_MS = 3000 };

static bool terminate_once(const char *exe, const wsl2_look *look, lima_wake *wake, lima_err *err)
{
    lima_strv argv = {0};
    wsl2_said said = {0};
    char *what = lima_mem_printf("distribution '%s': stop", look->distro);
    wsl2_run run = {.argv = &argv, .what = what, .limit_ms = WSL2_TERMINATE_MS, .wake = wake, .retry = true};
    bool ok = lima_wsl2_argv_terminate(exe, look->distro, &argv, err)
              && (lima_wsl2_run(&run, &said, err) || said.trouble == WSL2_TROUBLE_NOT_CREATED);

    lima_wsl2_said_free(&said);
    lima_strv_free(&argv);
    free(what);
    return ok;
}

/* The list may still have it for a moment. */
static bool await_gone(const char *exe, const wsl2_look *look, lima_wake *wake, bool *ret_gone, lima_err *err)
{
    lima_deadline deadline = lima_wsl2_in(GONE_MS);
    bool runs = true;

    for (;;) {
        if (!lima_wsl2_runs(exe, look, WSL2_LIST_MS, wake, &runs, err))
            return false;
        if (!runs || lima_clock_now() >= deadline)
            break;
        if (lima_wake_wait(wake, lima_clock_in(LOOK_PAUSE_MS)))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "stop cancelled");
    }
    *ret_gone = !runs;
    return true;
}

bool lima_wsl2_terminate(const char *exe, const wsl2_look *look, lima_wake *wake, lima_err *err)
{
    bool gone = false;

    for (unsigned i = 0; i < TRIES && !gone; i++) {
        if (i)
            lima_log_warn("distribution '%s': WSL says that it was stopped, but it runs; trying once more",
                          look->distro);
        if (!terminate_once(exe, look, wake, err) || !await_gone(exe, look, wake, &gone, err))
            return false;
    }
    return gone
           || lima_err_set(
               err, LIMA_CODE_DEADLINE_EXCEEDED,
               "distribution '%s' runs on although WSL says that it stopped it; `wsl --shutdown` stops it "
               "and all other distributions",
               look->distro);
}

/* ---- the guest's own side ---- */

static void stop_inside(const lima_instance *inst, wsl2_keeper *keeper, uint32_t grace_ms, lima_wake *wake)
{
    if (!lima_wsl2_keeper_stop(keeper, lima_clock_in(grace_ms), wake))
        lima_log_warn("instance '%s': the guest did not stop its services within %u s; WSL stops it now",
                      inst->name, grace_ms / 1000);
}

/* No keeper of this process: an earlier one has died, or somebody else runs the distribution. */
static void stop_stranger(const char *exe, const wsl2_look *look, uint32_t grace_ms, lima_wake *wake)
{
    wsl2_said said;
    lima_err err = {0};
    wsl2_guest_run run = {.exe = exe,
                          .distro = look->distro,
                          .action = "stop its services",
                          .script = lima_wsl2_script_stop(),
                          .limit_ms = grace_ms,
                          .wake = wake};

    if (!lima_wsl2_guest_run(&run, &said, &err))
        lima_log_warn("%s", err.text);
    lima_wsl2_said_free(&said);
}

/* The wsl.exe of a keeper whose distribution is gone. */
static void end_keeper(const lima_instance *inst, wsl2_keeper *keeper)
{
    lima_process_id id = {0};

    if (keeper)
        id = lima_wsl2_keeper_id(keeper);
    else if (!lima_idfile_find(inst, WSL2_KEEPER_FILE, &id))
        id = (lima_process_id){0};
    if (id.pid && !lima_process_wait_id(id, lima_clock_in(KEEPER_END_MS), NULL, NULL))
        lima_process_end_id(id, true, NULL);
    lima_wsl2_remove_file(inst, WSL2_KEEPER_FILE, NULL);
}

/* ---- all together ---- */

static bool is_ours(wsl2_kinship kin)
{
    return kin == WSL2_KIN_OURS || kin == WSL2_KIN_NO_DISK;
}

static bool stop_distro(lima_call *call, wsl2_keeper *keeper, uint32_t grace_ms, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);
    lima_wake *wake = lima_call_wake(call);
    wsl2_look look = {0};
    char *exe = NULL;
    bool runs = keeper && !lima_wsl2_keeper_wait(keeper, 0, NULL, NULL);
    bool ok = lima_wsl2_look(inst, &look, err);

    if (ok && is_ours(look.kin)) {
        bool ask = !runs;
        ok = lima_wsl2_exe_find(&exe, err)
             && (!ask || lima_wsl2_runs(exe, &look, WSL2_LIST_MS, wake, &runs, err));
        if (ok && runs && grace_ms && !ask)
            stop_inside(inst, keeper, grace_ms, wake);
        else if (ok && runs && grace_ms)
            stop_stranger(exe, &look, grace_ms, wake);
        ok = ok && (!runs || lima_wsl2_terminate(exe, &look, wake, err));
    }
    free(exe);
    lima_wsl2_look_free(&look);
    return ok;
}

static void set_stopping(wsl2_vm *vm, bool on)
{
    lima_monitor_enter(vm->monitor);
    vm->stopping = on;
    vm->end_wanted = true;
    lima_monitor_notify(vm->monitor);
    lima_monitor_leave(vm->monitor);
}

bool lima_wsl2_vm_stop(lima_call *call, uint32_t grace_ms, lima_err *err)
{
    wsl2_vm *vm = lima_wsl2_vm_of(call);
    wsl2_keeper *keeper = lima_wsl2_vm_enter(vm);

    set_stopping(vm, true);
    bool ok = stop_distro(call, keeper, grace_ms < INSIDE_MS ? grace_ms : INSIDE_MS, err);
    if (ok || grace_ms == 0) {
        lima_wsl2_vm_close(vm);
        end_keeper(lima_call_instance(call), keeper);
    }
    set_stopping(vm, false);
    if (keeper)
        lima_wsl2_vm_leave(vm);
    return ok;
}
