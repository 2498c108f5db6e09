/* Snapshot lists and answers as QEMU prints them. For a stopped VM prefer image_info.h, which needs no table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "data/json.h"
#include "driver/driver.h"

/* The table of HMP `info snapshots` or `qemu-img snapshot -l` (QEMU 4 to 10): snapshots that can be loaded, without those that exist on
 * some disks only. No table at all, or the text that there are none, is an empty list. Dates are local time. UNKNOWN with the line that is wrong. */
bool lima_qemu_snapshots_parse(const char *text, size_t len, lima_snapshot_list *ret, lima_err *err);

/* From an image's description: `qemu-img info --output=json`, or `inserted.image` of QMP query-block (newest QEMU and oldest alike; for a running VM
 * better than the table). No "snapshots" in it is an empty list. */
bool lima_qemu_snapshots_from_json(const lima_json *image, lima_snapshot_list *ret, lima_err *err);

/* What HMP savevm, loadvm, delvm answered: nothing is success; any text is a failure. Measured with 7.2: delvm of an unknown tag says nothing, savevm
 * replaces an existing tag silently, `qemu-img snapshot -c` makes a second one of that name: look at the list first. `what` is the object and action, "snapshot 'a': create".
 * NOT_FOUND for an unknown tag, FAILED_PRECONDITION for a device that blocks snapshots, RESOURCE_EXHAUSTED for a full disk, else UNKNOWN. */
bool lima_qemu_hmp_check(const char *answer, size_t len, const char *what, lima_err *err);
/* The same for the error output of a failed `qemu-img snapshot`; always returns false. */
bool lima_qemu_img_failed(const char *stderr_text, size_t len, const char *what, const char *exit_text, lima_err *err);
