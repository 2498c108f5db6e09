/* Every part of the file begins at a whole MiB and takes whole ones: a bit for each MiB tells whether it is taken. */
#include <stdlib.h>

#include "base/mem.h"
#include "image/bytes.h"
#include "image/vhdx_open.h"

enum { PIECE = 64 * VHDX_KIB /* of the BAT */ };
#define FILE_MAX (2 * VHDX_SIZE_MAX)

typedef struct places {
    unsigned char *taken; /* bits */
    uint64_t count;
} places;

static bool take(places *all, vhdx_region part, const char *what, lima_err *err)
{
    uint64_t first = part.offset / VHDX_MIB, count = (part.len + VHDX_MIB - 1) / VHDX_MIB;

    if (first > all->count || count > all->count - first)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "cut short: %s is not in its file", what);
    for (uint64_t at = first; at < first + count; at++) {
        if (all->taken[at / 8] >> at % 8 & 1)
            return lima_err_set(err, LIMA_CODE_DATA_LOSS, "%s lies where something else is, at MiB %llu",
                                what, (unsigned long long)at);
        all->taken[at / 8] = (unsigned char)(all->taken[at / 8] | 1 << at % 8);
    }
    return true;
}

static bool take_entries(places *all, const unsigned char *entries, size_t count, uint64_t block,
                         lima_err *err)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t entry = bytes_little(entries + i * 8, 8);
        vhdx_region part = {(entry >> VHDX_ENTRY_SHIFT) * VHDX_MIB, block};
        if ((entry & VHDX_ENTRY_STATE) == VHDX_PRESENT && !take(all, part, "a block", err))
            return false;
    }
    return true;
}

static bool take_blocks(places *all, const lima_disk *disk, const vhdx_tables *tables, lima_err *err)
{
    uint64_t bytes = vhdx_entries(&tables->shape) * 8;
    unsigned char *piece = lima_mem_zalloc(PIECE, 1);
    bool ok = true;

    for (uint64_t at = 0; ok && at < bytes; at += PIECE) {
        size_t len = bytes - at < PIECE ? (size_t)(bytes - at) : PIECE;
        ok = disk_read_file(disk, tables->bat.offset + at, piece, len, err)
             && take_entries(all, piece, len / 8, tables->shape.block, err);
    }
    free(piece);
    return ok;
}

bool vhdx_check_places(const lima_disk *disk, const vhdx_tables *tables, lima_err *err)
{
    places all = {.count = disk->file_size / VHDX_MIB + 1};

    if (disk->file_size > FILE_MAX)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "its file is larger than any disk of its format");
    all.taken = lima_mem_zalloc((size_t)(all.count / 8 + 1), 1);
    bool ok = take(&all, (vhdx_region){0, VHDX_MIB}, "its head", err)
              && take(&all, tables->log, "its log", err) && take(&all, tables->metadata, "its metadata", err)
              && take(&all, tables->bat, "its table of blocks", err) && take_blocks(&all, disk, tables, err);
    free(all.taken);
    return ok;
}
