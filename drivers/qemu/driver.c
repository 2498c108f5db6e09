/* The table, in life-cycle order. What stands behind each callback is in the file it calls. */
#include "qemu/config.h"
#include "qemu/disk.h"
#include "qemu/display.h"
#include "qemu/image_info.h"
#include "qemu/plan.h"
#include "qemu/snapshot.h"
#include "qemu/table.h"
#include "qemu/vm.h"

static void info(const lima_instance *inst_or_null, lima_driver_info *ret)
{
    (void)inst_or_null;
    ret->image_formats = lima_qemu_image_formats();
}

/* Asking QEMU what it can do takes part of a second: done here, beside the download, a start finds the
 * answers ready. */
static bool create_disk(lima_call *call, lima_err *err)
{
    const lima_instance *inst = lima_call_instance(call);

    if (!lima_qemu_disk_create(inst, lima_call_generation(call), lima_call_wake(call), err))
        return false;
    lima_qemu_plan_warm_up(inst, lima_call_wake(call));
    return true;
}

static bool remove_all(lima_call *call, lima_err *err)
{
    return lima_qemu_vm_stop(call, 0, err);
}

const lima_driver lima_qemu_driver = {
    .name = "qemu",
    .summary = "runs Linux guests in QEMU",
    .state_size = sizeof(qemu_state),
    .state_free = lima_qemu_state_free,
    .info = info,
    .configure = lima_qemu_configure,
    .validate = lima_qemu_validate,
    .inspect = lima_qemu_vm_inspect,
    .create_disk = create_disk,
    .start = lima_qemu_vm_start,
    .wait = lima_qemu_vm_wait,
    .stop = lima_qemu_vm_stop,
    .remove = remove_all,
    .snapshots = &lima_qemu_snapshots,
    .display = &lima_qemu_display,
};
