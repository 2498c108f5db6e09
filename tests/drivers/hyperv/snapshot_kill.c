/* The child is this program again: a fork would share the connection to the back end. */
#define _GNU_SOURCE
#include "snapshot_kill.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "hyperv/snapshot_steps.h"
#include "os/process.h"

enum { NOT_ENOUGH = 3, FAILED = 4, PATIENCE_MS = 120000, DISK = 8 * 1024 * 1024 };

static bool plan(const lima_instance *inst, kill_op op, const char *tag, hyperv_plan *ret, lima_err *err)
{
    hyperv_snapshot_index index = {0};
    char *vm = disks_vm_get(inst);
    hyperv_snapshot_wish wish = {.tag = tag,
                                 .created = 1000,
                                 .guest_state = disks_there(inst, "hyperv.vmgs"),
                                 .kind = *vm ? HYPERV_SNAPSHOT_LIVE : HYPERV_SNAPSHOT_DISK};

    free(vm);
    if (!lima_hyperv_index_read(inst, &index, err))
        return false;
    if (!index.folder || !*index.folder) {
        free(index.folder);
        index.folder = lima_mem_strdup(inst->dir);
    }
    bool ok = op == KILL_CREATE   ? lima_hyperv_snapshot_create(&index, &wish, ret, err)
              : op == KILL_APPLY  ? lima_hyperv_snapshot_apply(&index, tag, ret, err)
              : op == KILL_REMOVE ? lima_hyperv_snapshot_remove(&index, tag, ret, err)
              : op == KILL_TIDY   ? lima_hyperv_snapshot_tidy(&index, ret)
                                  : lima_hyperv_snapshot_remove_later(&index, tag, ret, err);
    lima_hyperv_index_free(&index);
    return ok;
}

static int begin(const lima_instance *inst, kill_op op, const char *tag, unsigned steps)
{
    hyperv_vm_steps vm = disks_vm(inst);
    hyperv_stepper stepper = {.inst = inst, .vm = &vm, .merges = true};
    hyperv_plan steps_due = {0};
    lima_err err = {0};

    if (!plan(inst, op, tag, &steps_due, &err)) {
        fprintf(stderr, "no plan: %s\n", err.text);
        return FAILED;
    }
    if (steps_due.len <= steps)
        return NOT_ENOUGH;
    for (unsigned i = 0; i < steps; i++)
        if (!lima_hyperv_step_run(&stepper, &steps_due.items[i], &err)) {
            fprintf(stderr, "step %u: %s\n", i, err.text);
            return FAILED;
        }
    raise(SIGKILL);
    return FAILED;
}

static int settle(const lima_instance *inst)
{
    hyperv_vm_steps vm = disks_vm(inst);
    lima_err err = {0};

    if (lima_hyperv_snapshots_settle(inst, &vm, NULL, &err))
        return 0;
    fprintf(stderr, "settle: %s\n", err.text);
    return FAILED;
}

void snapshot_kill_child(int argc, char **argv)
{
    if (argc != 6)
        return;
    lima_instance *inst = disks_instance(argv[2], DISK, NULL);
    int code = strcmp(argv[1], "settle")
                   ? begin(inst, (kill_op)atoi(argv[3]), argv[4], (unsigned)atoi(argv[5]))
                   : settle(inst);
    lima_instance_free(inst);
    _Exit(code);
}

static lima_process_exit run(const lima_instance *inst, const char *what, unsigned op, const char *tag,
                             unsigned steps)
{
    char *op_text = lima_mem_printf("%u", op), *steps_text = lima_mem_printf("%u", steps);
    const char *const argv[] = {"/proc/self/exe", what, inst->dir, op_text, tag, steps_text, NULL};
    lima_buf out = LIMA_BUF(16384), errors = LIMA_BUF(16384);
    lima_process_exit how = {0};

    assert_ok(
        lima_process_run(argv, NULL, &out, &errors, lima_clock_in(PATIENCE_MS), NULL, &how, &disks_err));
    bool due = how.signaled ? how.code == SIGKILL : how.code == 0 || how.code == NOT_ENOUGH;
    if (!due)
        fail_msg("%s op %u '%s' after %u steps: %s: %s", what, op, tag, steps, how.text,
                 lima_buf_str(&errors));
    lima_buf_free(&errors);
    lima_buf_free(&out);
    free(steps_text);
    free(op_text);
    return how;
}

bool snapshot_kill(const lima_instance *inst, kill_op op, const char *tag, unsigned steps)
{
    return run(inst, "begin", op, tag, steps).signaled;
}

void snapshot_settle_elsewhere(const lima_instance *inst)
{
    run(inst, "settle", 0, "", 0);
}
