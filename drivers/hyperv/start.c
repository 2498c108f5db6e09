/* How it works: all that can be refused is looked at before anything is made: rights, the service, the disks. Then
 * the endpoint, the document, the VM, its console, and power. Whatever fails takes away what was made before it. A
 * start has succeeded when the VM runs: limactl waits for the guest by itself.
 *
 * The lock of the disks is held from the first look at them until the VM runs, so that no snapshot comes in
 * between; the network's until the VM exists, so that nobody takes its endpoint for a leftover. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "hyperv/config.h"
#include "hyperv/disks.h"
#include "hyperv/host.h"
#include "hyperv/look.h"
#include "hyperv/machine.h"
#include "hyperv/mount_folders.h"
#include "hyperv/record.h"
#include "hyperv/snapshot_index.h"
#include "hyperv/start_network.h"
#include "hyperv/vm.h"
#include "hyperv/ways.h"
#include "os/file.h"
#include "os/host.h"

enum { LOCK_MS = 60000, CMDLINE_MAX = 64 * 1024, PORTS_MAX = 4 };

typedef struct start {
    const lima_instance *inst;
    lima_wake *wake;
    lima_rights rights;
    hyperv_options options;
    hyperv_host host;
    lima_file_lock *lock;
    hyperv_mounts mounts;
    hyperv_disks disks;
    char *kernel, *initrd, *cmdline, *guest_state; /* NULL: there is none */
    hyperv_start_network network;
    bool alone; /* no VM had the id: what has it now is of this start */
    hyperv_reach reach;
    char *document;
    lima_hcs_system *system;
    hyperv_console *console;
} start;

/* ---- what may be refused ---- */

static bool check_computer(start *s, lima_err *err)
{
    return lima_rights_look(&s->rights, err) && lima_hyperv_rights_check(&s->rights, err)
           && lima_hyperv_options_read(s->inst, NULL, &s->options, err)
           && lima_hyperv_start_network_choose(s->inst, s->options.network, &s->rights, &s->network, err)
           && lima_hyperv_host_look(&s->rights, lima_clock_in(HYPERV_CALL_MS), s->wake, &s->host, err);
}

static bool prepare_mounts(start *s, lima_err *err)
{
    return lima_hyperv_mounts_read(s->inst, lima_host_get()->home, &s->mounts, err)
           && lima_hyperv_mount_folders(&s->mounts, err);
}

/* Of a start that was broken off. */
static bool clear_id(start *s, lima_err *err)
{
    hyperv_vm_state state = HYPERV_VM_NONE;

    if (!lima_hyperv_look(s->reach.vm_id, lima_clock_in(HYPERV_CALL_MS), s->wake, &state, err))
        return false;
    if (state == HYPERV_VM_FOREIGN)
        return lima_err_set(
            err, LIMA_CODE_ALREADY_EXISTS,
            "another program has a compute system with this instance's id (%s); it is left alone. "
            "Find its owner with `hcsdiag list`, and end it there",
            s->reach.vm_id);
    if (state == HYPERV_VM_RUNNING)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "its VM runs already; stop it first: limactl stop %s", s->inst->name);
    s->alone = state == HYPERV_VM_NONE || lima_hyperv_power_off(s->reach.vm_id, s->wake, err);
    return s->alone;
}

static bool prepare_disks(start *s, lima_err *err)
{
    hyperv_steps_context context;
    hyperv_vm_steps steps;

    lima_hyperv_vm_steps(s->inst, s->wake, &context, &steps);
    return lima_hyperv_lock(s->inst, lima_clock_in(LOCK_MS), &s->lock, err) && clear_id(s, err)
           && lima_hyperv_snapshots_settle(s->inst, &steps, s->wake, err)
           && lima_hyperv_snapshots_boot(s->inst, err)
           && lima_hyperv_disks_prepare(s->inst, s->wake, &s->disks, err);
}

/* ---- files beside the disks ---- */

/* Owned; NULL: there is none. */
static char *file_of(const start *s, const char *name)
{
    char *path = lima_instance_path(s->inst, name);
    lima_file_info info = {0};

    if (lima_file_stat(path, true, &info, NULL) && info.kind == LIMA_FILE_REGULAR)
        return path;
    free(path);
    return NULL;
}

static void find_kernel(start *s)
{
    lima_buf text = LIMA_BUF(CMDLINE_MAX);
    char *path = lima_instance_path(s->inst, "kernel.cmdline");

    s->kernel = file_of(s, "kernel");
    s->initrd = s->kernel ? file_of(s, "initrd") : NULL;
    lima_file_read(path, &text, NULL);
    s->cmdline = lima_hyperv_cmdline(lima_buf_str(&text));
    lima_buf_free(&text);
    free(path);
}

/* Firmware remembers what to boot; a kernel needs none. */
static bool find_guest_state(start *s, lima_err *err)
{
    if (s->kernel)
        return true;
    s->guest_state = file_of(s, HYPERV_GUEST_STATE_FILE);
    if (s->guest_state)
        return true;
    s->guest_state = lima_instance_path(s->inst, HYPERV_GUEST_STATE_FILE);
    return lima_hcs_make_guest_state(s->guest_state, lima_clock_in(HYPERV_CALL_MS), s->wake, err);
}

static bool find_files(start *s, lima_err *err)
{
    find_kernel(s);
    if (!s->disks.disk && !s->disks.iso && !s->kernel)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "there is nothing to boot: " HYPERV_DISK_FILE
                            " is missing in '%s'; bring the file back, "
                            "or delete the instance: limactl delete %s",
                            s->inst->dir, s->inst->name);
    return find_guest_state(s, err);
}

static void add_path(lima_strv *list, const char *path)
{
    if (path)
        lima_strv_add(list, path);
}

static bool grant(start *s, lima_err *err)
{
    lima_strv files = {0};

    lima_strv_add_all(&files, &s->disks.granted);
    add_path(&files, s->kernel);
    add_path(&files, s->initrd);
    add_path(&files, s->guest_state);
    bool ok = lima_hyperv_disks_grant(s->reach.vm_id, &files, s->wake, err);
    lima_strv_free(&files);
    return ok;
}

/* ---- the document ---- */

static void fill_machine(start *s, const char *pipe, hyperv_vm *ret)
{
    hyperv_files files = {.disk = s->disks.disk,
                          .iso = s->disks.iso,
                          .cidata = s->disks.cidata,
                          .kernel = s->kernel,
                          .initrd = s->initrd,
                          .cmdline = s->cmdline,
                          .guest_state = s->guest_state,
                          .extra_disks = lima_strv_items(&s->disks.extras),
                          .extra_disk_count = s->disks.extras.len};

    lima_hyperv_machine(s->inst, &s->options, &files, ret);
    ret->console_pipe = pipe;
    ret->owner_sid = s->rights.user_sid;
    ret->process_suffix = s->inst->name;
}

/* Of which a start has a use; their number. */
static size_t list_ports(const start *s, uint32_t ret[PORTS_MAX])
{
    size_t len = 0;

    ret[len++] = HYPERV_AGENT_PORT;
    if (s->network.mode == HYPERV_NETWORK_HVSOCKET) {
        ret[len++] = HYPERV_USERNET_PORT;
        ret[len++] = HYPERV_SSH_PORT;
    }
    if (s->mounts.folders.len)
        ret[len++] = HYPERV_SHARE_PORT;
    return len;
}

static bool write_document(start *s, lima_err *err)
{
    uint32_t ports[PORTS_MAX];
    const hyperv_attachment *attachment = &s->network.attachment;
    hyperv_nic nic = {.endpoint = attachment->endpoint, .mac = attachment->mac};
    hyperv_vm vm = {.nics = &nic,
                    .nic_count = s->network.attached,
                    .ports = ports,
                    .port_count = list_ports(s, ports),
                    .shares = s->mounts.shares,
                    .share_count = s->mounts.folders.len};
    lima_strv left_out = {0};
    char *pipe = lima_hyperv_console_pipe(s->reach.vm_id);

    fill_machine(s, pipe, &vm);
    bool ok = lima_hyperv_document(&vm, &s->host, &s->document, &left_out, err)
              && lima_hyperv_keep_file(s->inst, HYPERV_DOCUMENT_FILE, s->document, strlen(s->document), err);
    for (size_t i = 0; ok && i < left_out.len; i++)
        lima_log_info("instance '%s': %s", s->inst->name, left_out.items[i]);
    lima_strv_free(&left_out);
    free(pipe);
    return ok;
}

/* ---- the VM ---- */

static bool power_on(start *s, lima_err *err)
{
    char *pipe = lima_hyperv_console_pipe(s->reach.vm_id);
    bool ok = lima_hyperv_power_create(s->reach.vm_id, s->document, s->wake, &s->system, err);

    ok = lima_hyperv_start_network_serve(s->inst, &s->reach, ok, &s->network, err);
    ok = ok && grant(s, err) && lima_hyperv_console_open(s->inst, pipe, &s->console, err)
         && lima_hyperv_power_on(s->system, s->wake, err);
    free(pipe);
    return ok;
}

static bool start_all(start *s, lima_err *err)
{
    return check_computer(s, err) && prepare_mounts(s, err) && prepare_disks(s, err) && find_files(s, err)
           && lima_hyperv_start_network_attach(s->inst, s->wake, &s->network, &s->reach, err)
           && write_document(s, err) && power_on(s, err);
}

/* ---- before and after ---- */

static void undo(start *s)
{
    lima_err err = {0};

    if (s->alone && !lima_hyperv_power_off(s->reach.vm_id, NULL, &err))
        lima_log_warn("after the failed start: %s", err.text);
    lima_hcs_close(s->system);
    lima_hyperv_console_close(s->console);
    lima_hyperv_start_network_undo(s->inst, &s->network);
    if (s->disks.disk || s->disks.iso)
        lima_hyperv_disks_release(s->inst, s->reach.vm_id);
}

static void free_start(start *s)
{
    if (s->lock)
        lima_file_lock_release(s->lock);
    free(s->document);
    free(s->guest_state);
    free(s->cmdline);
    free(s->initrd);
    free(s->kernel);
    lima_hyperv_disks_free(&s->disks);
    lima_hyperv_mounts_free(&s->mounts);
    lima_rights_free(&s->rights);
}

static void hand_over(const start *s, hyperv_run *run)
{
    lima_monitor_enter(run->monitor);
    run->reach = s->reach;
    run->system = s->system;
    run->console = s->console;
    run->usernet = s->network.usernet;
    run->up = true;
    run->end_wanted = false;
    lima_monitor_leave(run->monitor);
}

/* Of a start that nobody has waited for. */
static void forget_last(hyperv_run *run)
{
    lima_hyperv_run_close(run);
    lima_monitor_enter(run->monitor);
    lima_hcs_system *last = run->system;
    run->system = NULL;
    lima_monitor_leave(run->monitor);
    lima_hcs_close(last);
}

bool lima_hyperv_vm_start(lima_call *call, lima_err *err)
{
    start s = {.inst = lima_call_instance(call), .wake = lima_call_wake(call)};
    hyperv_run *run = lima_hyperv_run_of(call);

    forget_last(run);
    lima_hyperv_vm_id(s.inst->dir, s.reach.vm_id);
    bool ok = start_all(&s, err);
    if (ok)
        hand_over(&s, run);
    else
        undo(&s);
    free_start(&s);
    return ok;
}
