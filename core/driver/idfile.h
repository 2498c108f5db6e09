/* The identity of a process in a file of the instance folder, for drivers whose VM is a process: pid and
 * start time, so that the driver finds its VM again after a restart, and never takes a stranger with the same
 * pid for it. The name should not end in .pid, .sock or .tmp: `limactl stop -f` removes those. */
#pragma once

#include <stdbool.h>

#include "driver/instance.h"
#include "os/process.h"

bool lima_idfile_write(const lima_instance *inst, const char *file, lima_process_id id, lima_err *err);
/* Whether the process named there runs now. A missing or damaged file, or one from before a restart of the
 * machine, names nobody. */
bool lima_idfile_find(const lima_instance *inst, const char *file, lima_process_id *ret);
