/* The half of machine.c that only looks at flags and documents. */
#pragma once

#include "machine.h"

/* INVALID_ARGUMENT names the flag. */
bool lima_machine_check_flags(const lima_ctl_args *args, lima_err *err);
/* Fills config, user and disk_size of a machine whose folder, driver, port and guest are known. Flags go over
 * what an existing machine has in its lima.yaml; their defaults count for a new one only. */
bool lima_machine_configure(const lima_ctl_args *args, lima_machine *machine, lima_err *err);
