/* VHDX without parent, read by its table of blocks (BAT), pieces of which come through a cache. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/bytes.h"
#include "image/disk_cache.h"
#include "image/disk_format.h"
#include "image/vhdx_open.h"

enum {
    PIECE = 64 * VHDX_KIB, /* of the BAT */
    CACHE_BYTES = 4 * VHDX_MIB,
};

typedef struct vhdx {
    vhdx_tables tables;
    disk_cache *bat;
} vhdx;

static bool probe(const unsigned char *head, size_t len)
{
    return len >= 8 && memcmp(head, "vhdxfile", 8) == 0;
}

static bool open_vhdx(lima_disk *disk, lima_err *err)
{
    vhdx_tables tables;

    if (!vhdx_read_tables(disk, &tables, err))
        return false;
    vhdx *image = lima_mem_zalloc(1, sizeof *image);
    image->tables = tables;
    image->bat = disk_cache_new(PIECE, CACHE_BYTES);
    disk->piece = tables.shape.block;
    disk->info.size = tables.shape.size;
    disk->info.unit = VHDX_MIB;
    disk->state = image;
    return true;
}

static void close_vhdx(lima_disk *disk)
{
    vhdx *image = disk->state;

    disk_cache_free(image->bat);
    free(image);
}

/* Where the byte at `offset` is in the file; 0: nowhere, it is zero. */
static bool place_of(const lima_disk *disk, uint64_t offset, uint64_t *ret, lima_err *err)
{
    vhdx *image = disk->state;
    uint64_t at = vhdx_entry_of(&image->tables.shape, offset / image->tables.shape.block) * 8;
    const unsigned char *piece =
        disk_cache_enter(image->bat, disk, image->tables.bat.offset + at / PIECE * PIECE, err);
    uint64_t entry = piece ? bytes_little(piece + at % PIECE, 8) : 0;

    disk_cache_leave(image->bat);
    if (!piece)
        return false;
    uint64_t place = entry >> VHDX_ENTRY_SHIFT, state = entry & VHDX_ENTRY_STATE;
    if (state == VHDX_PRESENT ? !place : state > VHDX_UNMAPPED)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "its table of blocks is damaged");
    if (state == VHDX_PRESENT && place > disk->file_size / VHDX_MIB)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "cut short: a block is not in its file");
    *ret = state == VHDX_PRESENT ? place * VHDX_MIB + offset % image->tables.shape.block : 0;
    return true;
}

static bool map(lima_disk *disk, uint64_t offset, lima_disk_extent *ret, lima_err *err)
{
    uint64_t place;

    if (!place_of(disk, offset, &place, err))
        return false;
    *ret = (lima_disk_extent){.len = disk->piece - offset % disk->piece, .zero = !place};
    return true;
}

static bool read_vhdx(lima_disk *disk, uint64_t offset, void *into, size_t len, lima_err *err)
{
    uint64_t place;

    if (!place_of(disk, offset, &place, err))
        return false;
    if (place)
        return disk_read_file(disk, place, into, len, err);
    memset(into, 0, len);
    return true;
}

static bool check(lima_disk *disk, lima_err *err)
{
    const vhdx *image = disk->state;

    return vhdx_check_places(disk, &image->tables, err);
}

const disk_format DISK_VHDX = {LIMA_DISK_VHDX, "vhdx", probe, open_vhdx, map, read_vhdx, check, close_vhdx};
