/* How it works: calls that use the keeper count themselves in; a start waits until nobody holds the last
 * one any more and then frees it. */
#include "wsl2/vm.h"

#include <stdlib.h>

#include "base/mem.h"
#include "driver/idfile.h"
#include "wsl2/files.h"
#include "wsl2/record.h"

enum { LOOK_MS = 100, PING_MS = 30000 };

wsl2_vm *lima_wsl2_vm_of(lima_call *call)
{
    wsl2_state *state = lima_call_state(call);
    wsl2_vm *present = atomic_load(&state->vm);

    if (present)
        return present;
    wsl2_vm *made = lima_mem_zalloc(1, sizeof *made);
    made->monitor = lima_monitor_new();
    if (atomic_compare_exchange_strong(&state->vm, &present, made))
        return made;
    lima_monitor_free(made->monitor);
    free(made);
    return present;
}

wsl2_keeper *lima_wsl2_vm_enter(wsl2_vm *vm)
{
    lima_monitor_enter(vm->monitor);
    wsl2_keeper *keeper = vm->keeper;
    if (keeper)
        vm->users++;
    lima_monitor_leave(vm->monitor);
    return keeper;
}

void lima_wsl2_vm_leave(wsl2_vm *vm)
{
    lima_monitor_enter(vm->monitor);
    vm->users--;
    lima_monitor_notify(vm->monitor);
    lima_monitor_leave(vm->monitor);
}

void lima_wsl2_vm_close(wsl2_vm *vm)
{
    lima_monitor_enter(vm->monitor);
    lima_door *ssh = vm->ssh, *agent = vm->agent;
    wsl2_provision *provision = vm->provision;
    vm->ssh = NULL;
    vm->agent = NULL;
    vm->provision = NULL;
    lima_monitor_leave(vm->monitor);
    lima_door_close(ssh);
    lima_door_close(agent);
    lima_wsl2_provision_end(provision);
}

void lima_wsl2_state_free(void *arg)
{
    wsl2_state *state = arg;
    wsl2_vm *vm = atomic_load(&state->vm);

    if (!vm)
        return;
    lima_wsl2_vm_close(vm);
    lima_wsl2_keeper_release(vm->keeper);
    free(vm->reach.exe);
    free(vm->reach.distro);
    lima_monitor_free(vm->monitor);
    free(vm);
}

/* ---- waiting ---- */

/* A stop that has begun goes on after the keeper's end, until the distribution is gone. */
static bool await_stop(wsl2_vm *vm, lima_wake *wake)
{
    lima_monitor_enter(vm->monitor);
    while (vm->stopping && !lima_wake_wait(wake, 0))
        lima_monitor_wait(vm->monitor, lima_clock_in(LOOK_MS));
    bool wanted = vm->end_wanted;
    lima_monitor_leave(vm->monitor);
    return wanted;
}

static bool judge_end(lima_call *call, wsl2_vm *vm, wsl2_keeper *keeper, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);

    if (await_stop(vm, lima_call_wake(call)))
        return true;
    char *words = lima_wsl2_keeper_last_words(keeper);
    lima_err_set(err, LIMA_CODE_UNAVAILABLE,
                 "its distribution has ended, stopped from outside: by `wsl --shutdown` or `wsl "
                 "--terminate`, an update of "
                 "WSL, or a sleep of this computer (%s). Start it again: limactl start %s",
                 words, inst->name);
    free(words);
    return false;
}

static bool await_end(wsl2_keeper *keeper, lima_wake *wake, lima_err *err)
{
    lima_err why = {0};

    while (!lima_wsl2_keeper_wait(keeper, lima_clock_in(PING_MS), wake, &why)) {
        if (why.code != LIMA_CODE_DEADLINE_EXCEEDED)
            return lima_err_set(err, why.code, "%s", why.text);
        lima_wsl2_keeper_ping(keeper);
    }
    return true;
}

bool lima_wsl2_vm_wait(lima_call *call, lima_err *err)
{
    wsl2_vm *vm = lima_wsl2_vm_of(call);
    wsl2_keeper *keeper = lima_wsl2_vm_enter(vm);

    if (!keeper)
        return true;
    bool ended = await_end(keeper, lima_call_wake(call), err);
    bool ok = ended && judge_end(call, vm, keeper, err);
    lima_wsl2_vm_leave(vm);
    if (ended) {
        lima_wsl2_remove_file(lima_call_instance(call), WSL2_KEEPER_FILE, NULL);
        lima_wsl2_vm_close(vm);
    }
    return ok;
}
