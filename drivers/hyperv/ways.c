#include "hyperv/ways.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "hyperv/record.h"
#include "hyperv/vm.h"
#include "os/file.h"
#include "win/hvsocket.h"
#include "win/tcp.h"

enum { CONNECT_MS = 5000 };

static bool check_up(const hyperv_run *run, lima_err *err)
{
    return (run->up && !run->end_wanted)
           || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "it does not run, or is being stopped");
}

/* ---- SSH ---- */

static bool dial_ssh(const void *arg, lima_wake *wake, lima_way *ret, lima_err *err)
{
    const hyperv_run *run = arg;
    lima_stream *stream = NULL;

    bool ok = run->reach.network == HYPERV_NETWORK_HVSOCKET
                  ? lima_hvsocket_connect(run->reach.vm_id, HYPERV_SSH_PORT, lima_clock_in(CONNECT_MS), wake,
                                          &stream, err)
                  : lima_hyperv_sshd_dial(run->sshd, wake, &stream, err);
    if (!ok)
        return false;
    *ret = lima_way_of(stream);
    return true;
}

static bool accept_tcp(void *listener, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                       lima_err *err)
{
    return lima_tcp_accept(listener, deadline, wake, ret, err);
}

static void close_tcp(void *listener)
{
    lima_tcp_close(listener);
}

static void remember_port(const lima_instance *inst, uint16_t port)
{
    hyperv_record record;
    lima_err err = {0};

    lima_hyperv_record_read(inst, &record);
    record.ssh_port = port;
    if (!lima_hyperv_record_write(inst, &record, &err))
        lima_log_warn("instance '%s': %s", inst->name, err.text);
}

static bool open_ssh(const lima_instance *inst, uint16_t port, hyperv_run *run, lima_err *err)
{
    lima_tcp_listener *listener = NULL;
    lima_door_desc desc = {
        .name = "SSH", .accept = accept_tcp, .close = close_tcp, .dial = dial_ssh, .arg = run};

    lima_hyperv_sshd_init(inst, run->reach.address, run->sshd);
    if (!lima_tcp_listen(port, &listener, err))
        return lima_err_wrap(err, "another program has the SSH port; end it, or set another `ssh.localPort`");
    desc.listener = listener;
    if (!lima_door_open(&desc, &run->ssh, err))
        return false;
    remember_port(inst, port);
    return true;
}

bool lima_hyperv_ways_ssh(lima_call *call, lima_err *err)
{
    hyperv_run *run = lima_hyperv_run_of(call);
    const lima_instance *inst = lima_call_instance(call);

    if (!lima_hyperv_vm_adopt(call, NULL, err))
        return false;
    uint16_t port = lima_hyperv_ssh_port(inst);
    lima_monitor_enter(run->monitor);
    bool ok = check_up(run, err) && (run->ssh || !port || open_ssh(inst, port, run, err));
    lima_monitor_leave(run->monitor);
    return ok;
}

/* ---- the guest agent ---- */

static bool dial_agent(const void *arg, lima_wake *wake, lima_way *ret, lima_err *err)
{
    const hyperv_reach *reach = arg;
    lima_stream *stream = NULL;

    if (!lima_hvsocket_connect(reach->vm_id, HYPERV_AGENT_PORT, lima_clock_in(CONNECT_MS), wake, &stream,
                               err))
        return false;
    *ret = lima_way_of(stream);
    return true;
}

static bool open_agent(const lima_instance *inst, const hyperv_run *run, lima_door **ret, lima_err *err)
{
    char *path = lima_instance_path(inst, HYPERV_AGENT_SOCKET);
    lima_door_desc desc = {.name = "guest agent", .dial = dial_agent, .arg = &run->reach};
    bool ok = lima_door_open_local(path, &desc, ret, err);

    free(path);
    return ok;
}

/* `limactl stop -f` removes sockets: then the door is made anew. */
static bool is_in_place(const lima_instance *inst)
{
    lima_file_info info = {0};
    char *path = lima_instance_path(inst, HYPERV_AGENT_SOCKET);
    bool there = lima_file_stat(path, false, &info, NULL) && info.kind != LIMA_FILE_NONE;

    free(path);
    return there;
}

/* The host agent asks a driver process that has taken the place of a dead one for the guest agent, and for nothing else. */
static bool take_over(lima_call *call, lima_err *err)
{
    bool adopted = false;
    lima_err why = {0};

    if (!lima_hyperv_vm_adopt(call, &adopted, err))
        return false;
    if (adopted && !lima_hyperv_ways_ssh(call, &why))
        lima_log_warn("instance '%s': %s", lima_call_instance(call)->name, why.text);
    return true;
}

/* Under the monitor, so that two calls do not both make one. */
static bool connect(lima_call *call, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);
    hyperv_run *run = lima_hyperv_run_of(call);
    lima_door *old = NULL, *door = NULL;

    if (!take_over(call, err))
        return false;
    lima_monitor_enter(run->monitor);
    bool ok = check_up(run, err);
    if (ok && (!run->agent || !is_in_place(inst))) {
        ok = open_agent(inst, run, &door, err);
        old = ok ? run->agent : NULL;
        run->agent = ok ? door : run->agent;
    }
    lima_monitor_leave(run->monitor);
    lima_door_close(old);
    return ok;
}

const lima_driver_guest_agent lima_hyperv_agent = {.connect = connect};
