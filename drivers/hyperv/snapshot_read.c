/* What is only read from the index, or is one line of it: the lock, the list, the memory to go on from. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "hyperv/snapshot_steps.h"

bool lima_hyperv_lock(const lima_instance *inst, lima_deadline deadline, lima_file_lock **ret, lima_err *err)
{
    char *path = lima_instance_path(inst, HYPERV_LOCK_FILE);
    bool ok = lima_file_lock_take(path, deadline, ret, err)
              || lima_err_wrap(err, "another process works on this instance's disks");

    free(path);
    return ok;
}

bool lima_hyperv_snapshots_list(const lima_instance *inst, lima_snapshot_list *ret, lima_err *err)
{
    hyperv_snapshot_index index = {0};
    lima_snapshot_list list = {0};

    if (!lima_hyperv_index_read(inst, &index, err))
        return false;
    lima_hyperv_snapshot_list(&index, &list);
    lima_hyperv_index_free(&index);
    *ret = list;
    return true;
}

static char *path_of(const lima_instance *inst, const char *file, const char *end)
{
    char *name = lima_hyperv_snapshot_name(file, end), *path = lima_instance_path(inst, name);

    free(name);
    return path;
}

bool lima_hyperv_snapshots_resume(const lima_instance *inst, hyperv_resume *ret, lima_err *err)
{
    hyperv_snapshot_index index = {0};

    if (!lima_hyperv_index_read(inst, &index, err))
        return false;
    *ret = (hyperv_resume){0};
    if (!lima_str_empty(index.resume))
        *ret = (hyperv_resume){path_of(inst, index.resume, "json"), path_of(inst, index.resume, "vmrs")};
    lima_hyperv_index_free(&index);
    return true;
}

void lima_hyperv_resume_free(hyperv_resume *resume)
{
    free(resume->document);
    free(resume->state);
    *resume = (hyperv_resume){0};
}

bool lima_hyperv_snapshots_boot(const lima_instance *inst, lima_err *err)
{
    hyperv_stepper stepper = {.inst = inst};
    hyperv_snapshot_index index = {0};
    hyperv_plan plan = {0};
    bool ok = lima_hyperv_index_read(inst, &index, err);

    if (ok && !lima_str_empty(index.resume)) {
        lima_hyperv_snapshot_resumed(&index, &plan);
        ok = lima_hyperv_plan_run(&stepper, &plan, err);
    }
    lima_hyperv_plan_free(&plan);
    lima_hyperv_index_free(&index);
    return ok;
}

bool lima_hyperv_snapshots_chain(const lima_instance *inst, lima_strv *ret, lima_err *err)
{
    hyperv_snapshot_index index = {0};
    lima_strv names = {0};

    if (!lima_hyperv_index_read(inst, &index, err))
        return false;
    lima_hyperv_snapshot_chain(&index, &names);
    for (size_t i = 0; i < names.len; i++) {
        char *path = lima_instance_path(inst, names.items[i]);
        lima_strv_add(ret, path);
        free(path);
    }
    lima_strv_free(&names);
    lima_hyperv_index_free(&index);
    return true;
}
