/* Additional disks, LIMA_HOME/_disks/NAME: their names, and the lock that limactl knows, a symbolic link
 * in_use_by to the instance's folder (facts: lima-driver-contract 5). */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "driver/instance.h"

/* The folder of the instance's additional disk at `index` of additionalDisks, and its name (borrowed from
 * inst); *ret is owned. INVALID_ARGUMENT: no disk's name. */
bool lima_disk_folder(const lima_instance *inst, size_t index, const char **ret_name, char **ret,
                      lima_err *err);

/* FAILED_PRECONDITION: in use by another instance. The lock of an instance that does not exist any more is
 * taken over, with a warning. As lima_file_link_make where users may not make links. */
bool lima_disk_lock_take(const lima_instance *inst, const char *name, const char *lock, lima_err *err);
/* Removes the link if it still points to this instance. */
void lima_disk_lock_release(const lima_instance *inst, const char *lock);
