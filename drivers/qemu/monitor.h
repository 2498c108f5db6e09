/* Monitors in memory that begins as zeros: the driver's state block (driver.h: state_size) and static
 * variables. */
#pragma once

#include <stdatomic.h>

#include "os/thread.h"

typedef _Atomic(lima_monitor *) qemu_monitor_slot;

/* The slot's monitor, made by whoever comes first. Any thread. */
lima_monitor *lima_qemu_monitor(qemu_monitor_slot *slot);
