/* The VM is opened by its id for each step, since it may be another process that has started it. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "hyperv/disks.h"
#include "hyperv/document.h"
#include "hyperv/look.h"
#include "hyperv/record.h"
#include "hyperv/snapshot_index.h"
#include "hyperv/vm.h"
#include "os/file.h"

#define PAUSE_OPTIONS "{\"SuspensionLevel\":\"Suspend\",\"HostedNotification\":{\"Reason\":\"Save\"}}"

static bool look(const hyperv_steps_context *c, hyperv_vm_state *ret, lima_err *err)
{
    return lima_hyperv_look(c->vm_id, lima_clock_in(HYPERV_CALL_MS), c->wake, ret, err);
}

static bool open_vm(const hyperv_steps_context *c, lima_hcs_system **ret, lima_err *err)
{
    return lima_hcs_open(c->vm_id, lima_clock_in(HYPERV_CALL_MS), c->wake, ret, err);
}

static bool exists(void *context, bool *ret, lima_err *err)
{
    hyperv_vm_state state = HYPERV_VM_NONE;

    if (!look(context, &state, err))
        return false;
    *ret = state != HYPERV_VM_NONE && state != HYPERV_VM_FOREIGN;
    return true;
}

static bool pause_vm(void *context, lima_err *err)
{
    const hyperv_steps_context *c = context;
    hyperv_vm_state state = HYPERV_VM_NONE;
    lima_hcs_system *system = NULL;

    if (!look(c, &state, err))
        return false;
    if (state == HYPERV_VM_PAUSED)
        return true;
    bool ok = open_vm(c, &system, err)
              && lima_hcs_pause(system, PAUSE_OPTIONS, lima_clock_in(HYPERV_POWER_MS), c->wake, err);
    lima_hcs_close(system);
    return ok;
}

static char *save_options(const char *path)
{
    lima_json *options = lima_json_new_object();

    lima_json_set_str(options, "ToFile", "SaveType");
    lima_json_set_str(options, path, "SaveStateFilePath");
    char *text = lima_json_print(options);
    lima_json_free(options);
    return text;
}

static bool save(void *context, const char *state, lima_err *err)
{
    const hyperv_steps_context *c = context;
    lima_hcs_system *system = NULL;
    char *options = save_options(state);
    bool ok = lima_hcs_make_runtime_state(state, lima_clock_in(HYPERV_CALL_MS), c->wake, err)
              && lima_hcs_grant(c->vm_id, state, lima_clock_in(HYPERV_CALL_MS), c->wake, err)
              && open_vm(c, &system, err)
              && lima_hcs_save(system, options, lima_clock_in(HYPERV_SAVE_MS), c->wake, err);

    lima_hcs_close(system);
    free(options);
    return ok;
}

static bool end(void *context, lima_err *err)
{
    const hyperv_steps_context *c = context;

    return lima_hyperv_power_off(c->vm_id, NULL, err);
}

/* Takes back what was cancelled, so it is not. */
static bool resume(void *context, lima_err *err)
{
    hyperv_steps_context c = *(const hyperv_steps_context *)context;
    hyperv_vm_state state = HYPERV_VM_NONE;
    lima_hcs_system *system = NULL;

    c.wake = NULL;
    if (!look(&c, &state, err))
        return false;
    if (state != HYPERV_VM_PAUSED)
        return true;
    bool ok = open_vm(&c, &system, err) && lima_hcs_resume(system, lima_clock_in(HYPERV_POWER_MS), NULL, err);
    lima_hcs_close(system);
    return ok;
}

/* A snapshot brings new files, so access is granted again. */
static void add_files(const lima_instance *inst, lima_strv *files)
{
    static const char *const names[] = {HYPERV_GUEST_STATE_FILE, "kernel", "initrd", "cidata.iso"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = lima_instance_path(inst, names[i]);
        lima_file_info info = {0};
        if (lima_file_stat(path, true, &info, NULL) && info.kind == LIMA_FILE_REGULAR)
            lima_strv_add(files, path);
        free(path);
    }
}

/* The document becomes that of the instance's VM: its next snapshot takes it along. The handle is closed: who waits for the
 * VM's end opens its own. */
static bool start(void *context, const char *document, const char *state, lima_err *err)
{
    const hyperv_steps_context *c = context;
    lima_hcs_system *system = NULL;
    lima_strv files = {0};
    lima_buf read = LIMA_BUF(HYPERV_DOCUMENT_MAX);
    char *text = NULL;

    lima_strv_add(&files, state);
    add_files(c->inst, &files);
    bool ok = lima_file_read(document, &read, err)
              && lima_hyperv_document_restore(lima_buf_str(&read), read.len, state, &text, err)
              && lima_hyperv_keep_file(c->inst, HYPERV_DOCUMENT_FILE, lima_buf_str(&read), read.len, err)
              && lima_hyperv_snapshots_chain(c->inst, &files, err)
              && lima_hyperv_disks_grant(c->vm_id, &files, c->wake, err)
              && lima_hyperv_power_create(c->vm_id, text, c->wake, &system, err)
              && lima_hyperv_power_on(system, c->wake, err);
    lima_hcs_close(system);
    free(text);
    lima_buf_free(&read);
    lima_strv_free(&files);
    return ok;
}

void lima_hyperv_vm_steps(const lima_instance *inst, lima_wake *wake, hyperv_steps_context *context,
                          hyperv_vm_steps *ret)
{
    *context = (hyperv_steps_context){.inst = inst, .wake = wake};
    lima_hyperv_vm_id(inst->dir, context->vm_id);
    *ret = (hyperv_vm_steps){.context = context,
                             .exists = exists,
                             .pause = pause_vm,
                             .save = save,
                             .end = end,
                             .resume = resume,
                             .start = start};
}
