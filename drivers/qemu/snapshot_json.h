/* Snapshots as QEMU lists them in JSON. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "data/json.h"
#include "driver/driver.h"

/* From an image's description: `qemu-img info --output=json`, or `inserted.image` of QMP query-block (alike
 * in QEMU 4 to 10). No "snapshots" in it is an empty list. UNKNOWN for an incomplete one, INVALID_ARGUMENT
 * for another kind of value. */
bool lima_qemu_snapshots_from_json(const lima_json *image, lima_snapshot_list *ret, lima_err *err);
