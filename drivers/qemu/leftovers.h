/* What a VM leaves in its instance folder and beside it when it has ended, however it ended. Doing it twice
 * does no harm. */
#pragma once

#include "base/err.h"
#include "driver/instance.h"
#include "qemu/record.h"

/* Ends helpers, closes the SSH forward of a user-v2 network, unlocks additional disks, removes sockets, pid
 * file, VNC files and the record. Only when no VM of the instance runs. */
void lima_qemu_leftovers_clean(const lima_instance *inst, const qemu_record *record);
/* Before a start: what QEMU itself writes anew, logs included. A folder that cannot be written is found out
 * here. */
bool lima_qemu_leftovers_prepare(const lima_instance *inst, lima_err *err);
