/* Snapshots of the VM: of a running one with its memory (QEMU's snapshot jobs, 6.0 and later), of a stopped
 * one by qemu-img. Which of the two is decided by what runs, not by what limactl believes. Both kinds stand
 * in the same disk and in one list. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "driver/driver.h"
#include "qemu/qmp.h"

enum { QEMU_SNAPSHOT_MS = 1800000 }; /* the memory of a large guest onto a slow disk */

/* The group of the driver table. */
extern const lima_driver_snapshots lima_qemu_snapshots;

/* On a connection to a running VM; snapshot_live.c. ALREADY_EXISTS, NOT_FOUND by the tag.
 * FAILED_PRECONDITION: a disk that cannot hold snapshots, or a snapshot without memory. Otherwise QEMU's
 * own text. */
bool lima_qemu_live_create(qemu_qmp *qmp, const char *tag, lima_err *err);
bool lima_qemu_live_apply(qemu_qmp *qmp, const char *tag, lima_err *err);
bool lima_qemu_live_remove(qemu_qmp *qmp, const char *tag, lima_err *err);
bool lima_qemu_live_list(qemu_qmp *qmp, lima_snapshot_list *ret, lima_err *err);

/* Of a stopped VM; snapshot_offline.c. The same codes. */
bool lima_qemu_offline_create(const lima_instance *inst, const char *tag, lima_wake *wake, lima_err *err);
bool lima_qemu_offline_apply(const lima_instance *inst, const char *tag, lima_wake *wake, lima_err *err);
bool lima_qemu_offline_remove(const lima_instance *inst, const char *tag, lima_wake *wake, lima_err *err);
bool lima_qemu_offline_list(const lima_instance *inst, lima_wake *wake, lima_snapshot_list *ret,
                            lima_err *err);
