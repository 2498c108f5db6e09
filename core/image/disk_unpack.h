/* Compressed pieces of an image. Each thread that unpacks one borrows a decompressor with its buffer from a pool. */
#pragma once

#include "image/disk_format.h"

typedef enum disk_packing {
    DISK_DEFLATE, /* without a header, as in qcow2 */
    DISK_ZLIB,
    DISK_ZSTD,
} disk_packing;

typedef struct disk_unpackers disk_unpackers;

/* For pieces that unpack to `piece` bytes from `packed_max` bytes at most. */
disk_unpackers *disk_unpackers_new(disk_packing packing, size_t piece, size_t packed_max);

/* Of the piece that is packed in `packed` bytes at `place` of the file, or in fewer: the `len` bytes behind its
 * first `within`. DATA_LOSS: it does not unpack to so many. Any thread. */
bool disk_unpack(disk_unpackers *pool, const lima_disk *disk, uint64_t place, size_t packed, size_t within,
                 void *into, size_t len, lima_err *err);

void disk_unpackers_free(disk_unpackers *pool); /* NULL does nothing */
