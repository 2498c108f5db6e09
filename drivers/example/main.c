/* A whole Lima driver. Its "VM" is a sleeping process, so the guest never answers; everything else is real.
 * Copy it, call the program lima-driver-NAME, replace what the functions do. core/driver/driver.h says what
 * each one owes. */
#include "driver/driver.h"
#include "driver/idfile.h"
#include "os/process.h"

static const char vm_file[] = "example.vm"; /* who the VM is, for this driver when it is started again */

static bool inspect(const lima_instance *inst, lima_vm_status *ret, lima_err *err)
{
    lima_process_id vm;
    (void)err;
    if (lima_idfile_find(inst, vm_file, &vm))
        *ret = (lima_vm_status){.state = LIMA_VM_RUNNING, .pid = vm.pid};
    return true;
}

static bool start(lima_call *call, lima_err *err)
{
    lima_process *vm;
    lima_process_desc desc = {.argv = (const char *[]){"sleep", "1000000", NULL}};
    if (!lima_process_start(&desc, &vm, err))
        return false;
    bool ok = lima_idfile_write(lima_call_instance(call), vm_file, lima_process_get_id(vm), err);
    if (!ok)
        lima_process_end(vm, true);
    lima_process_free(vm); /* it goes on, also without us */
    return ok;
}

static bool wait_vm(lima_call *call, lima_err *err)
{
    lima_process_id vm;
    return !lima_idfile_find(lima_call_instance(call), vm_file, &vm)
           || lima_process_wait_id(vm, LIMA_DEADLINE_NEVER, lima_call_wake(call), err);
}

static bool stop(lima_call *call, uint32_t grace_ms, lima_err *err)
{
    lima_process_id vm;
    if (!lima_idfile_find(lima_call_instance(call), vm_file, &vm))
        return true;
    if (grace_ms && lima_process_end_id(vm, false, err)
        && lima_process_wait_id(vm, lima_clock_in(grace_ms), lima_call_wake(call), err))
        return true;
    return lima_process_end_id(vm, true, err) && lima_process_wait_id(vm, lima_clock_in(5000), NULL, err);
}

static const lima_driver driver = {.name = "example",
                                   .summary = "a sleeping process instead of a VM",
                                   .inspect = inspect,
                                   .start = start,
                                   .wait = wait_vm,
                                   .stop = stop};

int main(int argc, char **argv)
{
    return lima_driver_main(argc, argv, &driver);
}
