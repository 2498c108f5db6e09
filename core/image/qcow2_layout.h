/* Numbers of the qcow2 format; integers are big-endian. Source: the qcow2 specification in QEMU's documents
 * (docs/interop/qcow2.txt). */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    QCOW2_HEADER_BYTES = 112,  /* up to the compression type, padded */
    QCOW2_HEADER_BYTES_2 = 72, /* of version 2 */
    QCOW2_CLUSTER_BITS_MIN = 9,
    QCOW2_CLUSTER_BITS_MAX = 21,
    QCOW2_L1_BYTES_MAX = 32 * 1024 * 1024, /* QEMU's own limit */
};

/* Incompatible features */
enum {
    QCOW2_DIRTY = 1,
    QCOW2_CORRUPT = 2,
    QCOW2_EXTERNAL_DATA = 4,
    QCOW2_COMPRESSION = 8, /* another than zlib */
    QCOW2_EXTENDED_L2 = 16,
};

/* How clusters are compressed */
enum {
    QCOW2_DEFLATE = 0,
    QCOW2_ZSTD = 1,
};

/* Entries of L1 and L2 tables */
#define QCOW2_OFFSET_MASK UINT64_C(0x00fffffffffffe00)
#define QCOW2_COMPRESSED (UINT64_C(1) << 62)
#define QCOW2_ZERO UINT64_C(1) /* version 3; always clear in version 2 */

typedef struct qcow2_header {
    uint32_t version, cluster_bits, encryption, l1_entries;
    uint64_t backing, size, l1_offset, features;
    unsigned char compression;
} qcow2_header;
