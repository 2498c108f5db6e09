/* What a datadisk.vhdx was made from: datadisk.vhdx.json beside it (disks.h). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/guid.h"
#include "os/thread.h"

/* {0}: nothing is known. */
typedef struct hyperv_disk_record {
    bool known;
    uint64_t size;           /* of the source file, bytes */
    int64_t mtime_ms;        /* of it */
    uint64_t content;        /* lima_hyperv_disk_content of it */
    char id[LIMA_GUID_SIZE]; /* of the VHDX, as long as nobody has written to it; "" afterwards */
} hyperv_disk_record;

/* A missing or broken one is as {0}. */
void lima_hyperv_disk_record_read(const char *path, hyperv_disk_record *ret);
bool lima_hyperv_disk_record_write(const char *path, const hyperv_disk_record *record, lima_err *err);

/* A number for what is on the disk of an image of any format: others have another one. Zeros at the end make
 * no difference. Reads all of it. */
bool lima_hyperv_disk_content(const char *path, lima_wake *wake, uint64_t *ret, lima_err *err);
