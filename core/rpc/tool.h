/* The short-lived runs of a driver program, as functions of text (facts: lima-driver-contract 2.2, 2.3). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "driver/driver.h"

enum {
    LIMA_TOOL_INSPECT_MS = 8000
}; /* the driver's inspect promises 5 s; limactl itself would wait for ever */

/* --inspect-status: a JSON string of the base64 of an Instance document, in and out. Owned, with a line end.
 * A driver that cannot tell the status, or not in time, is no failure: Broken. *ret_stuck: its callback still
 * runs, so the process must not be taken down in order. */
bool lima_tool_inspect(const lima_driver *driver, const char *input, size_t len, char **ret, bool *ret_stuck,
                       lima_err *err);

/* --pre-driver-action: {"config":…,"filePath":…} in, the filled configuration out, both JSON. On failure *ret
 * is an object all the same: limactl shows our error text only if it finds one. */
bool lima_tool_configure(const lima_driver *driver, const char *name, const char *input, size_t len,
                         char **ret, lima_err *err);

/* --prep: {"action":"status"|"prepare"|"undo","user":"…"} in; out what the driver has done and found
 * (driver.h: lima_driver_preparation), with a line end. `user` goes with prepare, and may be left out.
 * UNIMPLEMENTED: this driver's users need nothing. */
bool lima_tool_prep(const lima_driver *driver, const char *input, size_t len, char **ret, lima_err *err);
