/* What a VHDX file says of itself, checked: sums, sizes, places within the file. */
#pragma once

#include "image/disk_format.h"
#include "image/vhdx_layout.h"

typedef struct vhdx_region {
    uint64_t offset, len; /* of the file */
} vhdx_region;

typedef struct vhdx_tables {
    vhdx_shape shape;
    vhdx_region log, metadata, bat;
} vhdx_tables;

/* FAILED_PRECONDITION: a log that was not written out (the disk was not let go of cleanly), a parent, required parts not known
 * here. DATA_LOSS: cut short or damaged. INVALID_ARGUMENT: no VHDX. */
bool vhdx_read_tables(const lima_disk *disk, vhdx_tables *ret, lima_err *err);

/* No two of its parts, headers and blocks among them, in the same place of the file. DATA_LOSS. */
bool vhdx_check_places(const lima_disk *disk, const vhdx_tables *tables, lima_err *err);
