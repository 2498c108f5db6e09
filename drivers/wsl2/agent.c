/* How it works: with a vsock port the way is an hvsocket to the VM, whose id the probe has told, or else
 * the command line of the process that WSL keeps beside each distribution. Without one it is a wsl.exe
 * child that carries bytes to the agent's Unix socket, one child per connection. */
#include "wsl2/agent.h"

#include <stdlib.h>
#include <string.h>

#include "base/guid.h"
#include "base/log.h"
#include "base/str.h"
#include "win/hvsocket.h"
#include "win/processes.h"
#include "wsl2/argv.h"
#include "wsl2/child_way.h"
#include "wsl2/files.h"
#include "wsl2/port.h"
#include "wsl2/scripts.h"
#include "wsl2/vm.h"
#include "wsl2/wsl_exe.h"

/* Some Windows refuse a connection to a port where nobody listens, others let it wait: a listener answers at once. */
enum { CONNECT_MS = 5000, TRY_MS = 300, TRIES = 8 };

/* ---- the VM's id ---- */

/* The GUID behind "--vm-id" on the command line that names the distribution's own. */
static bool id_on(const char *command, const char *guid, char ret[37])
{
    lima_strv words = {0};
    char found[37] = "", distro[37] = "";

    lima_str_split(command, ' ', &words);
    for (size_t i = 0; i + 1 < words.len; i++) {
        if (lima_str_eq(words.items[i], "--distro-id"))
            lima_guid_parse(words.items[i + 1], distro);
        if (lima_str_eq(words.items[i], "--vm-id"))
            lima_guid_parse(words.items[i + 1], found);
    }
    lima_strv_free(&words);
    if (!*found || !lima_str_eq_nocase(distro, guid))
        return false;
    memcpy(ret, found, sizeof found);
    return true;
}

static bool find_id(const char *guid, char ret[37], lima_err *err)
{
    lima_processes list = {0};
    bool found = false;

    if (!lima_processes_find("wslhost.exe", &list, err))
        return false;
    for (size_t i = 0; i < list.count && !found; i++)
        found = list.entries[i].command && id_on(list.entries[i].command, guid, ret);
    lima_processes_free(&list);
    return found
           || lima_err_set(err, LIMA_CODE_NOT_FOUND,
                           "the VM's id cannot be found; was the distribution started as administrator, and "
                           "this program not?");
}

/* ---- ways in ---- */

static bool connect_vsock(const wsl2_reach *reach, uint32_t port, uint64_t ms, lima_wake *wake,
                          lima_stream **ret, lima_err *err)
{
    char id[37];

    memcpy(id, reach->vm_id, sizeof id);
    return (*id || find_id(reach->guid, id, err))
           && lima_hvsocket_connect(id, port, lima_wsl2_in(ms), wake, ret, err);
}

static bool dial_vsock(const wsl2_reach *reach, lima_wake *wake, lima_way *ret, lima_err *err)
{
    lima_stream *stream = NULL;

    if (!connect_vsock(reach, reach->vsock_port, CONNECT_MS, wake, &stream, err))
        return false;
    *ret = lima_way_of(stream);
    return true;
}

static bool dial_relay(const wsl2_reach *reach, lima_way *ret, lima_err *err)
{
    static const char *const args[] = {WSL2_GUEST_AGENT_SOCKET, NULL};
    lima_strv argv = {0};
    bool ok = lima_wsl2_argv_sh(reach->exe, reach->distro, lima_wsl2_script_relay(), args, &argv, err)
              && lima_wsl2_child_way(&argv, ret, err);

    lima_strv_free(&argv);
    return ok;
}

/* An agent that does not listen on its vsock port may still have its Unix socket. */
static bool dial(const void *arg, lima_wake *wake, lima_way *ret, lima_err *err)
{
    const wsl2_reach *reach = arg;
    lima_err why = {0};

    if (reach->vsock_port) {
        if (dial_vsock(reach, wake, ret, &why))
            return true;
        if (why.code == LIMA_CODE_CANCELLED)
            return lima_err_set(err, why.code, "%s", why.text);
        lima_log_info("guest agent: %s; trying a relay in the guest", why.text);
    }
    return dial_relay(reach, ret, err);
}

/* ---- choosing ---- */

typedef enum vsock_port_state { PORT_FREE = 0, PORT_TAKEN, PORT_UNREACHABLE } vsock_port_state;

static vsock_port_state try_port(const wsl2_reach *reach, uint32_t port, lima_wake *wake, lima_err *why)
{
    lima_stream *stream = NULL;

    if (connect_vsock(reach, port, TRY_MS, wake, &stream, why)) {
        lima_stream_close(stream);
        return PORT_TAKEN;
    }
    bool unheard = why->code == LIMA_CODE_UNAVAILABLE || why->code == LIMA_CODE_DEADLINE_EXCEEDED
                   || why->code == LIMA_CODE_CANCELLED;
    return unheard ? PORT_FREE : PORT_UNREACHABLE;
}

uint32_t lima_wsl2_agent_choose_port(const lima_instance *inst, const wsl2_reach *reach, uint32_t last,
                                     lima_wake *wake)
{
    lima_err why = {0};

    if (!lima_wsl2_agent_port(inst))
        return 0;
    for (unsigned attempt = 0; attempt < TRIES; attempt++) {
        uint32_t port = lima_wsl2_vsock_port(inst->dir, attempt);
        vsock_port_state state = try_port(reach, port, wake, &why);
        if (state == PORT_FREE || (state == PORT_TAKEN && port == last))
            return port;
        if (state == PORT_UNREACHABLE)
            break;
        lima_err_set(&why, LIMA_CODE_ALREADY_EXISTS, "vsock port %u is taken in the VM", port);
        lima_log_info("instance '%s': guest agent: %s", inst->name, why.text);
    }
    lima_log_warn("instance '%s': guest agent by a relay in the guest: %s", inst->name, why.text);
    return 0;
}

/* ---- the door ---- */

static bool open_door(const lima_instance *inst, wsl2_vm *vm, lima_door **ret, lima_err *err)
{
    char *path = lima_instance_path(inst, WSL2_AGENT_SOCKET);
    lima_door_desc desc = {.name = "guest agent", .dial = dial, .arg = &vm->reach};
    bool ok = lima_door_open_local(path, &desc, ret, err);

    free(path);
    return ok;
}

/* `limactl stop -f` removes sockets: then the door is made anew. Under the monitor, so that two calls do
 * not both make one. */
static bool is_in_place(const lima_instance *inst)
{
    char *path = lima_instance_path(inst, WSL2_AGENT_SOCKET);
    bool there = lima_wsl2_exists(path);

    free(path);
    return there;
}

static bool ensure_door(const lima_instance *inst, wsl2_vm *vm, lima_err *err)
{
    lima_door *old = NULL;
    bool ok = true;

    lima_monitor_enter(vm->monitor);
    if (vm->end_wanted || !vm->keeper) {
        ok = lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                          "it does not run, or was not started by this process");
    } else if (!vm->agent || !is_in_place(inst)) {
        lima_door *door = NULL;
        ok = open_door(inst, vm, &door, err);
        old = ok ? vm->agent : NULL;
        vm->agent = ok ? door : vm->agent;
    }
    lima_monitor_leave(vm->monitor);
    lima_door_close(old);
    return ok;
}

static bool connect(lima_call *call, lima_err *err)
{
    return ensure_door(lima_call_instance(call), lima_wsl2_vm_of(call), err);
}

const lima_driver_guest_agent lima_wsl2_agent = {.connect = connect};
