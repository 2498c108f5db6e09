#include "qemu/monitor.h"

lima_monitor *lima_qemu_monitor(qemu_monitor_slot *slot)
{
    lima_monitor *present = atomic_load(slot);

    if (present)
        return present;
    lima_monitor *made = lima_monitor_new();
    if (atomic_compare_exchange_strong(slot, &present, made))
        return made;
    lima_monitor_free(made);
    return present;
}
