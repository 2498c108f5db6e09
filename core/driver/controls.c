/* A short list, searched from the front; a control is never freed under a call, since calls hold references.
 * Configure works on its own instance and publishes it at the end, so two at once do not meet. */
#include "driver/controls.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "driver/documents.h"
#include "os/file.h"

typedef struct entry {
    char *dir;
    lima_control *control;
} entry;

struct lima_controls {
    const lima_driver *driver;
    char *name, *version, *inst_dir;
    lima_monitor *monitor;          /* guards what follows */
    entry items[LIMA_CONTROLS_MAX]; /* the current one first */
    size_t len;
    char *info; /* of the current one: Info is asked often and must not wait for a driver */
    bool hurried, ending, stop_vms;
};

lima_controls *lima_controls_new(const lima_driver *driver, const char *name, const char *version,
                                 const char *inst_dir)
{
    lima_controls *controls = lima_mem_zalloc(1, sizeof *controls);
    controls->driver = driver;
    controls->name = lima_mem_strdup(name);
    controls->version = lima_mem_strdup(version);
    controls->inst_dir = lima_mem_strdup(inst_dir);
    controls->monitor = lima_monitor_new();
    controls->info = lima_document_info(driver, name, version, NULL);
    return controls;
}

static void entry_free(entry *item)
{
    lima_control_unref(item->control);
    free(item->dir);
}

void lima_controls_free(lima_controls *controls)
{
    if (!controls)
        return;
    for (size_t i = 0; i < controls->len; i++)
        entry_free(&controls->items[i]);
    lima_monitor_free(controls->monitor);
    free(controls->name);
    free(controls->version);
    free(controls->inst_dir);
    free(controls->info);
    free(controls);
}

/* ---- the list; all under the monitor ---- */

static size_t find(const lima_controls *controls, const char *dir)
{
    size_t i = 0;
    while (i < controls->len && strcmp(controls->items[i].dir, dir) != 0)
        i++;
    return i;
}

static void move_to_front(lima_controls *controls, size_t at)
{
    entry item = controls->items[at];
    memmove(&controls->items[1], &controls->items[0], at * sizeof item);
    controls->items[0] = item;
}

/* The oldest one without a session. Its calls, if any, keep it alive. */
static bool make_room(lima_controls *controls)
{
    size_t i = controls->len;
    while (i-- > 0 && lima_control_has_session(controls->items[i].control))
        ;
    if (i >= controls->len)
        return false;
    entry_free(&controls->items[i]);
    controls->len--;
    memmove(&controls->items[i], &controls->items[i + 1], (controls->len - i) * sizeof *controls->items);
    return true;
}

static bool add(lima_controls *controls, lima_instance *inst, lima_err *err)
{
    if (controls->len == LIMA_CONTROLS_MAX && !make_room(controls))
        return lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED, "this driver process runs %d VMs already",
                            LIMA_CONTROLS_MAX);
    controls->items[controls->len] =
        (entry){lima_mem_strdup(inst->dir), lima_control_new(controls->driver, controls->name, inst)};
    if (controls->hurried)
        lima_control_hurry(controls->items[controls->len].control);
    if (controls->ending)
        lima_control_end(controls->items[controls->len].control, controls->stop_vms);
    move_to_front(controls, controls->len++);
    return true;
}

/* Takes `inst` over, also on failure. */
static bool publish(lima_controls *controls, lima_instance *inst, lima_err *err)
{
    bool ok = true;
    char *info = lima_document_info(controls->driver, controls->name, controls->version, inst);
    lima_monitor_enter(controls->monitor);
    size_t at = find(controls, inst->dir);
    if (at < controls->len) {
        lima_control_set_instance(controls->items[at].control, inst);
        move_to_front(controls, at);
    } else {
        ok = add(controls, inst, err);
    }
    if (ok) {
        free(controls->info);
        controls->info = info;
    }
    lima_monitor_leave(controls->monitor);
    if (ok)
        return true;
    lima_instance_free(inst);
    free(info);
    return false;
}

static lima_control *current(lima_controls *controls)
{
    lima_monitor_enter(controls->monitor);
    lima_control *control = controls->len ? controls->items[0].control : NULL;
    if (control)
        lima_control_ref(control);
    lima_monitor_leave(controls->monitor);
    return control;
}

/* ---- Configure ---- */

bool lima_controls_check_folder(const char *dir, lima_err *err)
{
    lima_file_info info = {0};
    if (!lima_file_stat(dir, true, &info, err))
        return lima_err_wrap(err, "instance folder");
    if (info.kind == LIMA_FILE_NONE)
        return lima_err_set(err, LIMA_CODE_NOT_FOUND,
                            "instance folder '%s' does not exist; was the instance deleted?", dir);
    if (info.kind != LIMA_FILE_DIR)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "instance folder '%s' is not a folder; something else has its name", dir);
    if (!info.mine)
        return lima_err_set(
            err, LIMA_CODE_PERMISSION_DENIED,
            "instance folder '%s' belongs to another user; run this as its owner, or with a LIMA_HOME of "
            "your own",
            dir);
    return true;
}

static bool check_same(const char *own, const char *dir, lima_err *err)
{
    lima_file_info a = {0}, b = {0};
    if (!own || strcmp(own, dir) == 0)
        return true;
    if (lima_file_stat(own, true, &a, NULL) && lima_file_stat(dir, true, &b, NULL) && a.kind == LIMA_FILE_DIR
        && a.device == b.device && a.id == b.id)
        return true;
    return lima_err_set(
        err, LIMA_CODE_INVALID_ARGUMENT,
        "instance folder '%s': this driver process serves '%s' only; start another one for that instance",
        dir, own);
}

static bool check_instance(const lima_controls *controls, const lima_instance *inst, lima_err *err)
{
    if (!*inst->name || !*inst->dir)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "instance document: key '%s' is missing",
                            *inst->name ? "dir" : "name");
    if (lima_json_get_kind(inst->doc, "config") != LIMA_JSON_OBJECT)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "instance document: key 'config' is missing");
    return check_same(controls->inst_dir, inst->dir, err) && lima_controls_check_folder(inst->dir, err);
}

/* limactl's snapshot and restart commands configure a live server with no port at all. */
static bool keep_port(lima_controls *controls, lima_instance *inst, lima_err *err)
{
    if (inst->ssh_port)
        return true;
    lima_monitor_enter(controls->monitor);
    size_t at = find(controls, inst->dir);
    lima_control *control = at < controls->len ? controls->items[at].control : NULL;
    lima_instance *running =
        control && lima_control_has_session(control) ? lima_control_instance(control) : NULL;
    lima_monitor_leave(controls->monitor);
    if (running && running->ssh_port)
        lima_json_set_int(inst->doc, running->ssh_port, "sshLocalPort");
    lima_instance_free(running);
    return lima_instance_refresh(inst, err);
}

bool lima_controls_configure(lima_controls *controls, const char *json, size_t len, char **ret, lima_err *err)
{
    lima_instance *inst = NULL;
    if (!lima_instance_parse(json, len, &inst, err))
        return false;
    if (!check_instance(controls, inst, err) || !keep_port(controls, inst, err)
        || !lima_document_fill(controls->driver, controls->name, inst, err)) {
        lima_instance_free(inst);
        return false;
    }
    char *answer = lima_json_print(inst->doc);
    if (!publish(controls, inst, err)) {
        free(answer);
        return false;
    }
    *ret = answer;
    return true;
}

/* ---- the others ---- */

char *lima_controls_info(lima_controls *controls)
{
    lima_monitor_enter(controls->monitor);
    char *text = lima_mem_strdup(controls->info);
    lima_monitor_leave(controls->monitor);
    return text;
}

bool lima_controls_forward_agent(const lima_controls *controls)
{
    return !controls->driver->guest_agent;
}

bool lima_controls_call(lima_controls *controls, lima_generation generation, lima_call **ret, lima_err *err)
{
    lima_control *control = current(controls);
    if (!control)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "no instance is configured yet; call Configure first");
    *ret = lima_call_new(control, generation);
    lima_control_unref(control);
    return true;
}

unsigned lima_controls_sessions(lima_controls *controls)
{
    unsigned count = 0;
    lima_monitor_enter(controls->monitor);
    for (size_t i = 0; i < controls->len; i++)
        count += lima_control_has_session(controls->items[i].control);
    lima_monitor_leave(controls->monitor);
    return count;
}

bool lima_controls_vm_runs(lima_controls *controls)
{
    lima_vm_status status = {0};
    lima_control *control = current(controls);
    if (!control)
        return false;
    lima_instance *inst = lima_control_instance(control);
    bool runs = !controls->driver->inspect(inst, &status, NULL) || status.state == LIMA_VM_RUNNING;
    lima_instance_free(inst);
    lima_control_unref(control);
    return runs;
}

void lima_controls_hurry(lima_controls *controls)
{
    lima_monitor_enter(controls->monitor);
    controls->hurried = true;
    for (size_t i = 0; i < controls->len; i++)
        lima_control_hurry(controls->items[i].control);
    lima_monitor_leave(controls->monitor);
}

void lima_controls_end(lima_controls *controls, bool stop_vms)
{
    lima_monitor_enter(controls->monitor);
    controls->ending = true;
    controls->stop_vms |= stop_vms;
    for (size_t i = 0; i < controls->len; i++)
        lima_control_end(controls->items[i].control, stop_vms);
    lima_monitor_leave(controls->monitor);
}
