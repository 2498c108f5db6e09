/* A disk image opened for reading: what the guest's disk holds, whatever the file's format.
 *
 * Formats: raw; qcow2 (versions 2 and 3; clusters compressed by zlib or zstd); VMDK (monolithicSparse,
 * streamOptimized); VHD and VHDX (fixed, dynamic). Snapshots inside are passed over. What is spread over several files (backing file, external
 * data), is encrypted, says that it is corrupt, or uses a feature not known here is refused by name. The file is taken as
 * hostile: no number in it is believed before it was compared with the file's size and with limits, and memory stays below
 * LIMA_DISK_MEMORY.
 *
 * INVALID_ARGUMENT: not of the format asked for. FAILED_PRECONDITION: refused, the text says why. DATA_LOSS: cut short or
 * contradicting itself. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { LIMA_DISK_MEMORY = 40 * 1024 * 1024 }; /* bytes */

typedef enum lima_disk_format {
    LIMA_DISK_ANY = 0, /* by its first bytes; raw if they tell nothing: only for files that no guest wrote */
    LIMA_DISK_RAW,
    LIMA_DISK_QCOW2,
    LIMA_DISK_VMDK,
    LIMA_DISK_VHD,
    LIMA_DISK_VHDX,
} lima_disk_format;

lima_disk_format lima_disk_format_named(const char *name); /* "qcow2"; LIMA_DISK_ANY: no such format */

typedef struct lima_disk_info {
    lima_disk_format format;
    const char *name; /* of the format; static */
    uint64_t size;    /* of the disk, bytes */
    uint32_t unit;    /* bytes that are read best at a time: a power of two */
} lima_disk_info;

typedef struct lima_disk lima_disk;

bool lima_disk_open(const char *path, lima_disk_format format, lima_disk **ret, lima_err *err);
void lima_disk_get_info(const lima_disk *disk, lima_disk_info *ret);

/* Whether the bytes from `offset` on (below the size) are zeros that the file does not hold, and for how many of them that
 * is so: at least 1, not always all. Any thread. */
typedef struct lima_disk_extent {
    uint64_t len;
    bool zero;
} lima_disk_extent;
bool lima_disk_map(lima_disk *disk, uint64_t offset, lima_disk_extent *ret, lima_err *err);

/* All of it, or an error; within the disk. Any thread. */
bool lima_disk_read(lima_disk *disk, uint64_t offset, void *into, size_t len, lima_err *err);

/* What can be wrong with the file besides what opening finds and what reading the whole disk would. DATA_LOSS. */
bool lima_disk_check(lima_disk *disk, lima_err *err);

void lima_disk_close(lima_disk *disk); /* NULL does nothing */
