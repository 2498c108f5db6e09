/* Numbers of the VHDX format: what is where in the file and in its structures. Source: [MS-VHDX]; integers are little-endian,
 * GUIDs in Windows' binary form. Sizes and offsets in bytes. */
#pragma once

#include <stdint.h>

enum {
    VHDX_KIB = 1024,
    VHDX_MIB = 1024 * 1024,
    VHDX_HEADER_1 = 64 * VHDX_KIB,
    VHDX_HEADER_2 = 128 * VHDX_KIB,
    VHDX_HEADER_BYTES = 4 * VHDX_KIB, /* summed */
    VHDX_REGIONS_1 = 192 * VHDX_KIB,
    VHDX_REGIONS_2 = 256 * VHDX_KIB,
    VHDX_REGIONS_BYTES = 64 * VHDX_KIB,
    VHDX_TABLE_BYTES = 64 * VHDX_KIB, /* of metadata; items begin behind it */
    VHDX_BLOCK_MAX = 256 * VHDX_MIB,
    VHDX_CREATOR_UNITS = 256, /* UTF-16 */
};

#define VHDX_SIZE_MAX ((uint64_t)64 << 40)

/* Header */
enum {
    VHDX_H_SUM = 4,
    VHDX_H_SEQUENCE = 8,
    VHDX_H_FILE_WRITE = 16,
    VHDX_H_DATA_WRITE = 32,
    VHDX_H_LOG_GUID = 48,
    VHDX_H_LOG_VERSION = 64,
    VHDX_H_VERSION = 66,
    VHDX_H_LOG_LENGTH = 68,
    VHDX_H_LOG_OFFSET = 72,
};

/* Entry of the block table (BAT): state in bits 0 to 2, file offset in MiB from bit 20 on. */
enum {
    VHDX_ENTRY_STATE = 7,
    VHDX_ENTRY_SHIFT = 20,
};
typedef enum vhdx_state {
    VHDX_NOT_PRESENT = 0,
    VHDX_UNDEFINED = 1,
    VHDX_ZERO = 2,
    VHDX_UNMAPPED = 3,
    VHDX_PRESENT = 6,
    VHDX_PARTLY = 7, /* differencing disks only */
} vhdx_state;

/* Flags of metadata items */
enum {
    VHDX_ITEM_USER = 1,
    VHDX_ITEM_DISK = 2,
    VHDX_ITEM_REQUIRED = 4,
};
/* Bits of the file parameters */
enum {
    VHDX_HAS_PARENT = 2,
};

typedef struct vhdx_guid {
    unsigned char bytes[16];
} vhdx_guid;

extern const vhdx_guid VHDX_REGION_BAT, VHDX_REGION_METADATA;
extern const vhdx_guid VHDX_ITEM_FILE, VHDX_ITEM_SIZE, VHDX_ITEM_ID, VHDX_ITEM_SECTOR, VHDX_ITEM_PHYSICAL,
    VHDX_ITEM_PARENT;

/* How the disk is cut into blocks, and where the table has them. */
typedef struct vhdx_shape {
    uint64_t size; /* of the disk */
    uint32_t block, sector, physical;
} vhdx_shape;

uint64_t vhdx_blocks(const vhdx_shape *shape);
/* After so many payload entries there is one for a bitmap of sectors, in all disks. */
uint64_t vhdx_chunk(const vhdx_shape *shape);
uint64_t vhdx_entry_of(const vhdx_shape *shape, uint64_t block);
uint64_t vhdx_entries(const vhdx_shape *shape); /* of a disk without parent */
