/* The callbacks of the scripted driver and its table. */
#include "script.h"

#include <string.h>

#include "base/mem.h"

static bool plain(const char *name, lima_call *call, lima_err *err)
{
    lima_monitor_enter(script.monitor);
    bool ok = script_pass(name, call, err);
    lima_monitor_leave(script.monitor);
    return ok;
}

/* A state-changing callback; `change` runs under the monitor when it passes. */
static bool changing(const char *name, lima_call *call, void (*change)(void), lima_err *err)
{
    lima_monitor_enter(script.monitor);
    if (script.changing++)
        script_violate("two state-changing callbacks at once");
    bool ok = script_pass(name, call, err);
    if (ok && change)
        change();
    script.changing--;
    lima_monitor_notify(script.monitor);
    lima_monitor_leave(script.monitor);
    return ok;
}

/* ---- the table ---- */

static void info(const lima_instance *inst, lima_driver_info *ret)
{
    (void)inst;
    static const char *const formats[] = {"raw", "qcow2", NULL};
    *ret = (lima_driver_info){
        .vsock_port = 2222, .virtio_port = "port", .dynamic_ssh_address = true, .image_formats = formats};
}

static bool configure(lima_instance *inst, lima_err *err)
{
    lima_json_set_str(inst->doc, "9p", "config.mountType");
    return plain("configure", NULL, err);
}

static bool validate(const lima_instance *inst, lima_err *err)
{
    (void)inst;
    return plain("validate", NULL, err);
}

static bool inspect(const lima_instance *inst, lima_vm_status *ret, lima_err *err)
{
    (void)inst;
    if (!plain("inspect", NULL, err))
        return false;
    ret->state = scripted_vm();
    ret->pid = ret->state == LIMA_VM_RUNNING ? 4711 : 0;
    return true;
}

static bool create(lima_call *call, lima_err *err)
{
    return changing("create", call, NULL, err);
}

static bool create_disk(lima_call *call, lima_err *err)
{
    return changing("create_disk", call, NULL, err);
}

static char *freebsd_only(const lima_instance *inst)
{
    return strcmp(inst->guest_os, "FreeBSD") == 0 ? lima_mem_printf("#!/bin/sh\n# %s\n", inst->name) : NULL;
}

static size_t boot_scripts(const lima_instance *inst, const lima_boot_script **ret)
{
    static const lima_boot_script scripts[] = {{.name = "50-a.sh", .text = "#!/bin/sh\necho a\n"},
                                               {.name = "60-b.sh", .text = "#!/bin/sh\n"},
                                               {.name = "70-c.sh", .make = freebsd_only}};
    (void)inst;
    *ret = scripts;
    return sizeof scripts / sizeof scripts[0];
}

static void set_running(void)
{
    if (script.vm == LIMA_VM_RUNNING)
        script_violate("start while the VM runs");
    script.vm = LIMA_VM_RUNNING;
    script.failure = NULL;
}

static bool start(lima_call *call, lima_err *err)
{
    return changing("start", call, set_running, err);
}

static bool wait_vm(lima_call *call, lima_err *err)
{
    lima_monitor_enter(script.monitor);
    bool given_up = !script_pass("wait", NULL, err);
    while (!given_up && script.vm == LIMA_VM_RUNNING && !lima_call_cancelled(call))
        lima_monitor_wait(script.monitor, lima_clock_in(SCRIPT_LOOK_MS));
    bool gone = script.vm != LIMA_VM_RUNNING;
    const char *failure = script.failure;
    lima_monitor_leave(script.monitor);
    if (given_up)
        return false;
    if (!gone)
        return lima_err_set(err, LIMA_CODE_CANCELLED, "wait was cancelled");
    return !failure || lima_err_set(err, LIMA_CODE_INTERNAL, "%s", failure);
}

static bool setup_ssh(lima_call *call, lima_err *err)
{
    return changing("setup_ssh", call, NULL, err);
}

static bool ssh_address(lima_call *call, char **ret, lima_err *err)
{
    if (!plain("ssh_address", call, err))
        return false;
    *ret = lima_mem_strdup("192.0.2.7");
    return true;
}

static void set_stopped(void)
{
    script.vm = LIMA_VM_STOPPED;
}

static bool stop(lima_call *call, uint32_t grace_ms, lima_err *err)
{
    lima_monitor_enter(script.monitor);
    script.grace = grace_ms;
    lima_monitor_leave(script.monitor);
    return changing("stop", call, set_stopped, err);
}

static void check_stopped(void)
{
    if (script.vm == LIMA_VM_RUNNING)
        script_violate("remove while the VM runs");
}

static bool remove_vm(lima_call *call, lima_err *err)
{
    return changing("remove", call, check_stopped, err);
}

static bool snapshot(const char *name, lima_call *call, const char *tag, lima_err *err)
{
    if (!*tag || strchr(tag, '/'))
        script_violate("a tag that was not checked");
    return changing(name, call, NULL, err);
}

static bool snapshot_create(lima_call *call, const char *tag, lima_err *err)
{
    return snapshot("snapshot_create", call, tag, err);
}

static bool snapshot_apply(lima_call *call, const char *tag, lima_err *err)
{
    return snapshot("snapshot_apply", call, tag, err);
}

static bool snapshot_remove(lima_call *call, const char *tag, lima_err *err)
{
    return snapshot("snapshot_remove", call, tag, err);
}

static bool snapshot_list(lima_call *call, lima_snapshot_list *ret, lima_err *err)
{
    if (!changing("snapshot_list", call, NULL, err))
        return false;
    char id[] = "1", tag[] = "before-update";
    lima_snapshot_list_add(
        ret,
        &(lima_snapshot){
            .id = id, .tag = tag, .vm_size = 3 * 1024 * 1024, .created = 1700000000, .vm_clock_ms = 3723004});
    return true;
}

static bool change_password(lima_call *call, const char *password, lima_err *err)
{
    (void)password;
    return plain("change_password", call, err);
}

static bool connection(lima_call *call, char **ret, lima_err *err)
{
    if (!plain("connection", call, err))
        return false;
    *ret = lima_mem_strdup("5901");
    return true;
}

static bool connect_agent(lima_call *call, lima_err *err)
{
    return plain("connect", call, err);
}

/* A block that was freed before shows here. */
static void state_free(void *state)
{
    *(unsigned *)state = 0;
}

static const lima_driver_snapshots snapshots = {snapshot_create, snapshot_apply, snapshot_remove,
                                                snapshot_list};
static const lima_driver_display display = {change_password, connection};
static const lima_driver_guest_agent guest_agent = {connect_agent};

const lima_driver scripted_driver = {
    .name = "scripted",
    .summary = "does what a test tells it",
    .version = "1.2.3",
    .state_size = sizeof(unsigned),
    .state_free = state_free,
    .info = info,
    .configure = configure,
    .validate = validate,
    .inspect = inspect,
    .create = create,
    .create_disk = create_disk,
    .boot_scripts = boot_scripts,
    .start = start,
    .wait = wait_vm,
    .setup_ssh = setup_ssh,
    .ssh_address = ssh_address,
    .stop = stop,
    .remove = remove_vm,
    .snapshots = &snapshots,
    .display = &display,
    .guest_agent = &guest_agent,
};

const lima_driver scripted_bare_driver = {
    .name = "bare",
    .summary = "has nothing but what must be there",
    .inspect = inspect,
    .start = start,
    .wait = wait_vm,
    .stop = stop,
};
