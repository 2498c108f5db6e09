/* How it works: the distribution is booted and asked what it has; then the keeper takes hold of it, and
 * what Lima needs goes in. A start has succeeded when all that is there and boot.sh runs: limactl waits
 * for SSH by itself. Whatever fails before takes the distribution down again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/str.h"
#include "driver/idfile.h"
#include "os/host.h"
#include "wsl2/agent.h"
#include "wsl2/argv.h"
#include "wsl2/hosts.h"
#include "wsl2/port.h"
#include "wsl2/record.h"
#include "wsl2/scripts.h"
#include "wsl2/vm.h"
#include "wsl2/wsl_exe.h"

enum { IDLE_USERS_MS = 10000, NONCE_BYTES = 16 };

typedef struct start {
    lima_call *call;
    const lima_instance *inst;
    wsl2_look look;
    wsl2_boot boot;
    wsl2_reach reach;
    wsl2_keeper *keeper;
    wsl2_provision *provision;
} start;

/* ---- before ---- */

static void free_reach(wsl2_reach *reach)
{
    free(reach->exe);
    free(reach->distro);
    *reach = (wsl2_reach){0};
}

/* The start before this one has ended; who still looks at it is about to see that. */
static bool forget_last(wsl2_vm *vm, lima_err *err)
{
    lima_deadline deadline = lima_clock_in(IDLE_USERS_MS);

    lima_wsl2_vm_close(vm);
    lima_monitor_enter(vm->monitor);
    while (vm->users && lima_monitor_wait(vm->monitor, deadline))
        ;
    bool idle = vm->users == 0;
    wsl2_keeper *keeper = idle ? vm->keeper : NULL;
    if (idle)
        vm->keeper = NULL;
    lima_monitor_leave(vm->monitor);
    lima_wsl2_keeper_free(keeper);
    return idle
           || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                           "the last start of this instance has not ended yet; try again");
}

static bool look(start *s, lima_err *err)
{
    if (!lima_wsl2_look(s->inst, &s->look, err) || !lima_wsl2_look_check(&s->look, err))
        return false;
    return s->look.kin == WSL2_KIN_OURS
           || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                           "distribution '%s' does not exist (yet); limactl makes it by CreateDisk",
                           s->look.distro);
}

/* Tells this start's SSH server from any other; it is no secret. */
static void make_nonce(const start *s, char ret[33])
{
    uint64_t now = lima_clock_now();
    lima_process_id self = {0};
    uint8_t digest[LIMA_SHA256_LEN];
    uintptr_t place = (uintptr_t)s;
    const void *const pieces[] = {s->inst->dir, &now, &self, &place};
    const size_t lens[] = {strlen(s->inst->dir), sizeof now, sizeof self, sizeof place};

    lima_process_find(0, &self);
    lima_sha256(pieces, lens, sizeof lens / sizeof lens[0], digest);
    for (size_t i = 0; i < NONCE_BYTES; i++)
        snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

static void choose_vsock_port(start *s)
{
    wsl2_record record;

    lima_wsl2_record_read(s->inst, &record);
    s->reach.vsock_port =
        lima_wsl2_agent_choose_port(s->inst, &s->reach, record.vsock_port, lima_call_wake(s->call));
}

static void tell_host(const start *s)
{
    const char *mode = lima_wsl2_network_name(s->reach.network);

    if (*s->reach.host)
        lima_log_info("instance '%s': " WSL2_HOST_NAME " is %s in the guest (networking mode %s)",
                      s->inst->name, s->reach.host, mode);
    else
        lima_log_warn("instance '%s': " WSL2_HOST_NAME
                      " leads nowhere: in networking mode %s the guest has no known way to Windows",
                      s->inst->name, mode);
}

static bool make_reach(start *s, lima_err *err)
{
    const wsl2_guest *guest = &s->boot.guest;
    wsl2_reach *reach = &s->reach;

    reach->distro = lima_mem_strdup(s->look.distro);
    reach->network = guest->network != WSL2_NETWORK_UNKNOWN ? guest->network : s->boot.settings.network;
    reach->localhost_forwarding = s->boot.settings.localhost_forwarding;
    memcpy(reach->address, guest->address, sizeof reach->address);
    memcpy(reach->vm_id, guest->vm_id, sizeof reach->vm_id);
    memcpy(reach->guid, s->look.registration.guid, sizeof reach->guid);
    snprintf(reach->host, sizeof reach->host, "%s", lima_wsl2_host_address(reach->network, guest->gateway));
    make_nonce(s, reach->nonce);
    choose_vsock_port(s);
    return lima_wsl2_choose_ports(s->inst, guest, &reach->port, &reach->guest_port, err);
}

/* ---- the distribution ---- */

static bool boot(start *s, lima_err *err)
{
    s->boot =
        (wsl2_boot){.inst = s->inst, .wake = lima_call_wake(s->call), .exe = s->reach.exe, .look = &s->look};
    lima_wsl2_boot_read_settings(&s->boot);
    return lima_wsl2_boot_prepare(&s->boot, err) && make_reach(s, err);
}

static bool keep(start *s, lima_err *err)
{
    lima_strv args = {0}, argv = {0};
    bool retryable = false;
    lima_wake *wake = lima_call_wake(s->call);
    char *what = lima_mem_printf("distribution '%s': keep it running", s->look.distro);

    lima_wsl2_keeper_args(s->reach.guest_port,
                          lima_wsl2_listen_address(s->reach.network, s->reach.localhost_forwarding),
                          s->reach.nonce, &args);
    bool ok = lima_wsl2_argv_sh(s->reach.exe, s->look.distro, lima_wsl2_script_keeper(),
                                lima_strv_items(&args), &argv, err)
              && (lima_wsl2_keeper_start(&argv, what, wake, &s->keeper, &retryable, err)
                  || (retryable && lima_wsl2_keeper_start(&argv, what, wake, &s->keeper, &retryable, err)));
    free(what);
    lima_strv_free(&argv);
    lima_strv_free(&args);
    return ok && lima_idfile_write(s->inst, WSL2_KEEPER_FILE, lima_wsl2_keeper_id(s->keeper), err);
}

static bool remember(const start *s, lima_err *err)
{
    wsl2_record record;

    lima_wsl2_record_read(s->inst, &record);
    record.ssh_port = s->reach.port;
    record.user_uid = lima_wsl2_boot_uid(&s->boot);
    memcpy(record.vm_id, s->reach.vm_id, sizeof record.vm_id);
    record.vsock_port = s->reach.vsock_port;
    return lima_wsl2_record_write(s->inst, &record, err);
}

static void undo(start *s)
{
    lima_err err = {0};

    lima_wsl2_provision_end(s->provision);
    lima_wsl2_keeper_free(s->keeper);
    if (s->boot.exe && !lima_wsl2_terminate(s->reach.exe, &s->look, NULL, &err))
        lima_log_warn("after the failed start: %s", err.text);
}

static void hand_over(start *s, wsl2_vm *vm)
{
    lima_monitor_enter(vm->monitor);
    wsl2_reach old = vm->reach;
    vm->reach = s->reach;
    vm->keeper = s->keeper;
    vm->provision = s->provision;
    vm->end_wanted = false;
    lima_monitor_leave(vm->monitor);
    s->reach = old;
}

static bool provision(start *s, lima_err *err)
{
    wsl2_provision_desc desc = {.exe = s->reach.exe,
                                .distro = s->look.distro,
                                .inst = s->inst,
                                .vsock_port = s->reach.vsock_port,
                                .host = s->reach.host};

    tell_host(s);
    return lima_wsl2_provision_start(&desc, &s->provision, err);
}

static bool start_all(start *s, lima_err *err)
{
    return look(s, err) && lima_wsl2_exe_find(&s->reach.exe, err) && boot(s, err) && keep(s, err)
           && remember(s, err) && lima_wsl2_boot_send_cidata(&s->boot, err)
           && lima_wsl2_boot_set_up(&s->boot, err) && provision(s, err);
}

bool lima_wsl2_vm_start(lima_call *call, lima_err *err)
{
    start s = {.call = call, .inst = lima_call_instance(call)};
    wsl2_vm *vm = lima_wsl2_vm_of(call);
    bool ok = forget_last(vm, err);

    if (ok) {
        ok = start_all(&s, err);
        if (ok)
            hand_over(&s, vm);
        else
            undo(&s);
    }
    free_reach(&s.reach);
    lima_wsl2_look_free(&s.look);
    return ok;
}
