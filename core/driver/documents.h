/* The JSON documents a driver answers with: the filled configuration, Info, the inspected instance. Used by
 * the server and by the short-lived runs. */
#pragma once

#include "base/err.h"
#include "driver/driver.h"
#include "driver/instance.h"

/* The driver's configure, then what limactl cannot do without: vmType (`name`) and mountType. */
bool lima_document_fill(const lima_driver *driver, const char *name, lima_instance *inst, lima_err *err);

/* Info (facts: lima-driver-contract 4.4), plus "version" and "groups", which limactl skips. `inst` may be
 * NULL. Owned. */
char *lima_document_info(const lima_driver *driver, const char *name, const char *version,
                         const lima_instance *inst);

/* Puts the VM's state as the driver finds it now into the document (facts: lima-driver-contract 2.2):
 *
 *   VM             host agent alive   status            driverPID
 *   running        yes                Running           the VM's process, as all below
 *   running        no                 Broken
 *   stopped        any                Stopped           removed
 *   broken         any                Broken
 *   uninitialized  any                Uninitialized     removed
 *
 * Broken comes without an entry in "errors": with one limactl would refuse the very commands (start, stop -f)
 * that repair it. What is wrong goes into `ret_note` (owned, NULL: nothing), for the log. */
bool lima_document_inspect(const lima_driver *driver, lima_instance *inst, char **ret_note, lima_err *err);
/* The answer when the driver could not tell: Broken, whatever else was known. */
void lima_document_set_broken(lima_instance *inst);
