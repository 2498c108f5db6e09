#include "qemu/snapshot_json.h"

#include <stdlib.h>

#include "base/mem.h"
#include "qemu/image_info.h"

static bool row_from_json(const lima_json *image, size_t i, lima_snapshot_list *ret)
{
    const char *tag = lima_json_str(image, NULL, "snapshots[%zu].name", i);
    const char *id = lima_json_str(image, NULL, "snapshots[%zu].id", i);
    int64_t size = lima_json_int(image, -1, "snapshots[%zu].vm-state-size", i);
    int64_t seconds = lima_json_int(image, -1, "snapshots[%zu].vm-clock-sec", i);
    int64_t nanoseconds = lima_json_int(image, 0, "snapshots[%zu].vm-clock-nsec", i);
    if (!tag || !id || size < 0 || seconds < 0 || seconds > INT64_MAX / 2000 || nanoseconds < 0)
        return false;
    lima_snapshot row = {.created = lima_json_int(image, 0, "snapshots[%zu].date-sec", i),
                         .vm_size = (uint64_t)size};
    row.vm_clock_ms = (uint64_t)seconds * 1000 + (uint64_t)nanoseconds / 1000000;
    row.tag = lima_mem_strdup(tag);
    row.id = lima_mem_strdup(id);
    lima_snapshot_list_add(ret, &row);
    free(row.tag);
    free(row.id);
    return true;
}

bool lima_qemu_snapshots_from_json(const lima_json *image, lima_snapshot_list *ret, lima_err *err)
{
    if (!lima_json_expect(image, LIMA_JSON_ARRAY, err, "snapshots"))
        return false;
    lima_snapshot_list made = {0};
    size_t count = lima_json_count(image, "snapshots");
    bool ok = count <= QEMU_SNAPSHOTS_MAX;
    for (size_t i = 0; ok && i < count; i++)
        ok = row_from_json(image, i, &made);
    if (ok) {
        *ret = made;
        return true;
    }
    lima_snapshot_list_free(&made);
    return lima_err_set(err, LIMA_CODE_UNKNOWN,
                        "QEMU's description of an image has an incomplete list of %zu snapshots", count);
}
