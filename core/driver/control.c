/* The calls of a control but Start: what each one sees to before the driver's callback, and what it adds to
 * an error. */
#include "driver/control.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "driver/call.h"
#include "driver/snapshot.h"

static const lima_instance *inst_of(const lima_call *call)
{
    return call->shared->inst;
}

static bool finish(bool ok, const lima_call *call, const char *what, lima_err *err)
{
    return ok || lima_err_wrap(err, "%s instance '%s'", what, inst_of(call)->name);
}

static bool missing(const lima_call *call, const char *what, lima_err *err)
{
    return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED, "driver '%s' has no %s", call->control->name, what);
}

/* ---- beside everything ---- */

bool lima_control_validate(lima_call *call, lima_err *err)
{
    bool (*validate)(const lima_instance *, lima_err *) = call->control->driver->validate;
    return finish(!validate || validate(inst_of(call), err), call, "validate", err);
}

bool lima_control_ssh_address(lima_call *call, char **ret, lima_err *err)
{
    if (call->control->driver->ssh_address)
        return finish(call->control->driver->ssh_address(call, ret, err), call, "SSH address of", err);
    *ret = lima_mem_strdup("127.0.0.1");
    return true;
}

bool lima_control_agent_connect(lima_call *call, lima_err *err)
{
    const lima_driver_guest_agent *agent = call->control->driver->guest_agent;
    return !agent || finish(agent->connect(call, err), call, "guest agent of", err);
}

bool lima_control_change_password(lima_call *call, const char *password, lima_err *err)
{
    const lima_driver_display *display = call->control->driver->display;
    if (!display || !display->change_password)
        return missing(call, "display password", err);
    return finish(display->change_password(call, password, err), call, "display password of", err);
}

bool lima_control_display_connection(lima_call *call, char **ret, lima_err *err)
{
    const lima_driver_display *display = call->control->driver->display;
    if (!display || !display->connection)
        return missing(call, "display", err);
    return finish(display->connection(call, ret, err), call, "display of", err);
}

void lima_control_boot_scripts(lima_call *call, lima_strv *ret_keys, lima_strv *ret_texts)
{
    const lima_instance *inst = inst_of(call);
    const lima_boot_script *scripts = NULL;
    size_t count = 0;
    if (call->control->driver->boot_scripts && strcmp(inst->guest_os, "Windows") != 0)
        count = call->control->driver->boot_scripts(inst, &scripts);
    for (size_t i = 0; i < count; i++) {
        char *made = scripts[i].make ? scripts[i].make(inst) : lima_mem_strdup(scripts[i].text);
        if (!made)
            continue;
        if (call->generation >= LIMA_GENERATION_2_1)
            lima_strv_addf(ret_keys, "boot.%s/%s", inst->guest_os, scripts[i].name);
        else
            lima_strv_add(ret_keys, scripts[i].name);
        lima_strv_add(ret_texts, made);
        free(made);
    }
}

/* ---- in the queue ---- */

/* limactl calls Create before each start, and then replaces cidata.iso, which it cannot on Windows while a VM that was left
 * behind has it. */
static bool create_vm(lima_call *call, lima_err *err)
{
    const lima_driver *driver = call->control->driver;
    return lima_call_clear_leftover(call, err) && (!driver->create || driver->create(call, err));
}

bool lima_control_create(lima_call *call, lima_err *err)
{
    return finish(lima_call_exclusive(call, CALL_CHANGE, create_vm, err), call, "create", err);
}

bool lima_control_create_disk(lima_call *call, lima_err *err)
{
    return finish(lima_call_exclusive(call, CALL_CHANGE, call->control->driver->create_disk, err), call,
                  "create the disk of", err);
}

bool lima_control_setup_ssh(lima_call *call, lima_err *err)
{
    return finish(lima_call_exclusive(call, CALL_SETUP_SSH, call->control->driver->setup_ssh, err), call,
                  "set up SSH to", err);
}

static bool stop_vm(lima_call *call, lima_err *err)
{
    return call->control->driver->stop(call, LIMA_CONTROL_STOP_GRACE_MS, err);
}

bool lima_control_stop(lima_call *call, lima_err *err)
{
    lima_call_give_up(call->control, CALL_START | CALL_SETUP_SSH);
    if (!lima_call_exclusive(call, CALL_STOP, stop_vm, err))
        return finish(false, call, "stop", err);
    lima_call_await_session_end(call->control, false); /* so that the next Start finds none */
    return true;
}

/* It must not outlive the instance. */
static void remove_lock(const lima_call *call)
{
    char *path = lima_call_vm_lock_path(call);
    lima_file_remove(path, NULL);
    free(path);
}

static bool remove_vm(lima_call *call, lima_err *err)
{
    const lima_driver *driver = call->control->driver;
    lima_vm_status status = {0};
    bool stopped = driver->inspect(inst_of(call), &status, NULL) && status.state == LIMA_VM_STOPPED;
    if (!stopped && !driver->stop(call, 0, err))
        return lima_err_wrap(err, "force its VM off");
    lima_call_await_session_end(call->control, false);
    if (driver->remove && !driver->remove(call, err))
        return false;
    remove_lock(call);
    return true;
}

bool lima_control_remove(lima_call *call, lima_err *err)
{
    lima_call_give_up(call->control, CALL_START | CALL_SETUP_SSH | CALL_STOP | CALL_ORPHAN);
    return finish(lima_call_exclusive(call, CALL_CHANGE, remove_vm, err), call, "delete", err);
}

/* ---- snapshots ---- */

static bool run_create(lima_call *call, lima_err *err)
{
    return call->control->driver->snapshots->create(call, call->text, err);
}

static bool run_apply(lima_call *call, lima_err *err)
{
    return call->control->driver->snapshots->apply(call, call->text, err);
}

static bool run_remove(lima_call *call, lima_err *err)
{
    return call->control->driver->snapshots->remove(call, call->text, err);
}

static bool run_list(lima_call *call, lima_err *err)
{
    return call->control->driver->snapshots->list(call, call->ret, err);
}

static bool with_tag(lima_call *call, const char *tag, call_run *run, const char *what, lima_err *err)
{
    if (!call->control->driver->snapshots)
        return missing(call, "snapshots", err);
    if (!lima_snapshot_check_tag(tag, err))
        return finish(false, call, what, err);
    call->text = tag;
    if (lima_call_exclusive(call, CALL_CHANGE, run, err))
        return true;
    return lima_err_wrap(err, "%s instance '%s', tag '%s'", what, inst_of(call)->name, tag);
}

bool lima_control_snapshot_create(lima_call *call, const char *tag, lima_err *err)
{
    return with_tag(call, tag, run_create, "create a snapshot of", err);
}

bool lima_control_snapshot_apply(lima_call *call, const char *tag, lima_err *err)
{
    return with_tag(call, tag, run_apply, "apply a snapshot to", err);
}

bool lima_control_snapshot_remove(lima_call *call, const char *tag, lima_err *err)
{
    return with_tag(call, tag, run_remove, "delete a snapshot of", err);
}

bool lima_control_snapshot_list(lima_call *call, lima_snapshot_list *ret, lima_err *err)
{
    if (!call->control->driver->snapshots)
        return missing(call, "snapshots", err);
    lima_snapshot_list list = {0};
    call->ret = &list;
    if (!lima_call_exclusive(call, CALL_CHANGE, run_list, err)) {
        lima_snapshot_list_free(&list);
        return finish(false, call, "list the snapshots of", err);
    }
    *ret = list;
    return true;
}
