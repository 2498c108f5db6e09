/* The file: headers and region tables in the first MiB, an empty log, metadata, the table of blocks, then blocks in the
 * order of their first byte written. Each part begins at a whole MiB.
 *
 * A block is given its place by whoever writes to it first, under the monitor; the bytes themselves are written
 * outside of it. What of a block is not written lies between other bytes of the file, and so reads as zeros. */
#include "image/vhdx_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "image/bytes.h"
#include "image/vhdx_layout.h"
#include "os/file.h"
#include "os/process.h"
#include "os/thread.h"

enum {
    LOG_OFFSET = 1 * VHDX_MIB,
    LOG_LENGTH = 1 * VHDX_MIB,
    METADATA_OFFSET = 2 * VHDX_MIB,
    METADATA_LENGTH = 1 * VHDX_MIB,
    BAT_OFFSET = 3 * VHDX_MIB,
    BLOCKS_MAX = 1 << 20,
    TABLE_PIECE = 64 * VHDX_KIB, /* of the BAT, while it is written */
};

struct lima_vhdx_writer {
    char *path;
    lima_file *file;
    vhdx_shape shape;
    vhdx_guid id;
    lima_monitor *monitor; /* blocks, end */
    uint64_t *blocks;      /* where each block is in the file; 0: nowhere */
    uint64_t end;          /* of the file so far */
};

/* ---- begin ---- */

static bool check(const lima_vhdx_desc *desc, lima_err *err)
{
    if ((desc->sector != 512 && desc->sector != 4096) || (desc->physical != 512 && desc->physical != 4096))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "sectors of %u and %u bytes: VHDX knows 512 and 4096", desc->sector,
                            desc->physical);
    if (!desc->size || desc->size > VHDX_SIZE_MAX || desc->size % desc->sector)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "a disk of %llu bytes: VHDX takes whole sectors up to 64 TiB",
                            (unsigned long long)desc->size);
    return true;
}

/* 1 MiB suits Linux' file systems; larger where the table would be too long. */
static uint32_t block_for(uint64_t size)
{
    uint32_t block = VHDX_MIB;

    while (size / block >= BLOCKS_MAX)
        block *= 2;
    return block;
}

static uint64_t whole_mib(uint64_t bytes)
{
    return (bytes + VHDX_MIB - 1) / VHDX_MIB * VHDX_MIB;
}

/* No two files are made of the same name, by the same process, at the same time. */
static void make_id(const char *path, vhdx_guid *ret)
{
    lima_process_id self = {0};
    lima_file_info file = {0};
    uint64_t now = lima_clock_now();
    uint8_t digest[LIMA_SHA256_LEN];

    lima_process_find(0, &self);
    lima_file_stat(path, true, &file, NULL);
    const void *const pieces[] = {path, &self.pid, &self.start, &file.mtime_ms, &file.device, &file.id, &now};
    const size_t lens[] = {strlen(path),       sizeof self.pid, sizeof self.start, sizeof file.mtime_ms,
                           sizeof file.device, sizeof file.id,  sizeof now};
    lima_sha256(pieces, lens, sizeof lens / sizeof lens[0], digest);
    memcpy(ret->bytes, digest, sizeof ret->bytes);
    ret->bytes[7] =
        (unsigned char)((ret->bytes[7] & 0x0f) | 0x40); /* a random GUID by its looks (RFC 9562) */
    ret->bytes[8] = (unsigned char)((ret->bytes[8] & 0x3f) | 0x80);
}

bool lima_vhdx_create(const char *path, const lima_vhdx_desc *desc, lima_vhdx_writer **ret, lima_err *err)
{
    lima_file *file = NULL;

    if (!check(desc, err) || !lima_file_open(path, LIMA_FILE_CREATE, &file, err))
        return false;
    lima_vhdx_writer *writer = lima_mem_zalloc(1, sizeof *writer);
    writer->path = lima_mem_strdup(path);
    writer->file = file;
    writer->shape = (vhdx_shape){.size = desc->size,
                                 .block = block_for(desc->size),
                                 .sector = desc->sector,
                                 .physical = desc->physical};
    memcpy(writer->id.bytes, desc->id, sizeof writer->id.bytes);
    if (lima_mem_is_zero(desc->id, sizeof desc->id))
        make_id(path, &writer->id);
    writer->monitor = lima_monitor_new();
    writer->blocks = lima_mem_zalloc(vhdx_blocks(&writer->shape), sizeof *writer->blocks);
    writer->end = BAT_OFFSET + whole_mib(vhdx_entries(&writer->shape) * 8);
    *ret = writer;
    return true;
}

/* ---- blocks ---- */

static uint64_t place_of(lima_vhdx_writer *writer, uint64_t block)
{
    lima_monitor_enter(writer->monitor);
    if (!writer->blocks[block]) {
        writer->blocks[block] = writer->end;
        writer->end += writer->shape.block;
    }
    uint64_t place = writer->blocks[block];
    lima_monitor_leave(writer->monitor);
    return place;
}

bool lima_vhdx_write(lima_vhdx_writer *writer, uint64_t offset, const void *bytes, size_t len, lima_err *err)
{
    const char *from = bytes;

    if (offset > writer->shape.size || len > writer->shape.size - offset)
        return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "beyond the end of the disk");
    while (len > 0) {
        uint64_t within = offset % writer->shape.block;
        size_t part = len < writer->shape.block - within ? len : (size_t)(writer->shape.block - within);
        uint64_t place = place_of(writer, offset / writer->shape.block);
        if (!lima_file_write_at(writer->file, place + within, from, part, err))
            return false;
        offset += part;
        from += part;
        len -= part;
    }
    return true;
}

/* ---- tables ---- */

static uint64_t entry_at(const lima_vhdx_writer *writer, uint64_t entry)
{
    uint64_t chunk = vhdx_chunk(&writer->shape), bitmaps = entry / (chunk + 1);

    if (entry % (chunk + 1) == chunk)
        return 0; /* of a bitmap: not there */
    uint64_t place = writer->blocks[entry - bitmaps];
    return place ? place / VHDX_MIB << VHDX_ENTRY_SHIFT | VHDX_PRESENT : VHDX_ZERO;
}

static bool write_bat(const lima_vhdx_writer *writer, lima_err *err)
{
    uint64_t entries = vhdx_entries(&writer->shape);
    unsigned char *piece = lima_mem_zalloc(TABLE_PIECE, 1);
    bool ok = true;

    for (uint64_t first = 0; ok && first < entries; first += TABLE_PIECE / 8) {
        uint64_t count = entries - first < TABLE_PIECE / 8 ? entries - first : TABLE_PIECE / 8;
        for (uint64_t i = 0; i < count; i++)
            bytes_put_little(piece + i * 8, entry_at(writer, first + i), 8);
        ok = lima_file_write_at(writer->file, BAT_OFFSET + first * 8, piece, (size_t)count * 8, err);
    }
    free(piece);
    return ok;
}

/* Items lie behind the table, one after the other. */
static void add_item(unsigned char *table, const vhdx_guid *id, uint32_t flags, const void *value,
                     uint32_t len)
{
    unsigned count = (unsigned)bytes_little(table + 10, 2);
    unsigned char *entry = table + 32 + (size_t)count * 32, *last = entry - 32;
    uint32_t at =
        count ? (uint32_t)(bytes_little(last + 16, 4) + bytes_little(last + 20, 4)) : VHDX_TABLE_BYTES;

    memcpy(entry, id->bytes, sizeof id->bytes);
    bytes_put_little(entry + 16, at, 4);
    bytes_put_little(entry + 20, len, 4);
    bytes_put_little(entry + 24, flags | VHDX_ITEM_REQUIRED, 4);
    memcpy(table + at, value, len);
    bytes_put_little(table + 10, count + 1, 2);
}

static void add_number(unsigned char *table, const vhdx_guid *id, uint32_t flags, uint64_t value,
                       uint32_t len)
{
    unsigned char bytes[8];

    bytes_put_little(bytes, value, sizeof bytes);
    add_item(table, id, flags, bytes, len);
}

static bool write_metadata(const lima_vhdx_writer *writer, lima_err *err)
{
    size_t len = VHDX_TABLE_BYTES + VHDX_KIB;
    unsigned char *table = lima_mem_zalloc(len, 1);

    memcpy(table, "metadata", 8);
    add_number(table, &VHDX_ITEM_FILE, 0, writer->shape.block, 8); /* no flags: dynamic, without parent */
    add_number(table, &VHDX_ITEM_SIZE, VHDX_ITEM_DISK, writer->shape.size, 8);
    add_item(table, &VHDX_ITEM_ID, VHDX_ITEM_DISK, writer->id.bytes, sizeof writer->id.bytes);
    add_number(table, &VHDX_ITEM_SECTOR, VHDX_ITEM_DISK, writer->shape.sector, 4);
    add_number(table, &VHDX_ITEM_PHYSICAL, VHDX_ITEM_DISK, writer->shape.physical, 4);
    bool ok = lima_file_write_at(writer->file, METADATA_OFFSET, table, len, err);
    free(table);
    return ok;
}

static void put_region(unsigned char *entry, const vhdx_guid *id, uint64_t offset, uint64_t len)
{
    memcpy(entry, id->bytes, sizeof id->bytes);
    bytes_put_little(entry + 16, offset, 8);
    bytes_put_little(entry + 24, len, 4);
    bytes_put_little(entry + 28, 1, 4); /* required */
}

static bool write_regions(const lima_vhdx_writer *writer, lima_err *err)
{
    unsigned char *table = lima_mem_zalloc(VHDX_REGIONS_BYTES, 1);

    memcpy(table, "regi", 4);
    bytes_put_little(table + 8, 2, 4);
    put_region(table + 16, &VHDX_REGION_BAT, BAT_OFFSET, whole_mib(vhdx_entries(&writer->shape) * 8));
    put_region(table + 48, &VHDX_REGION_METADATA, METADATA_OFFSET, METADATA_LENGTH);
    bytes_put_little(table + 4, lima_crc32c(0, table, VHDX_REGIONS_BYTES), 4);
    bool ok = lima_file_write_at(writer->file, VHDX_REGIONS_1, table, VHDX_REGIONS_BYTES, err)
              && lima_file_write_at(writer->file, VHDX_REGIONS_2, table, VHDX_REGIONS_BYTES, err);
    free(table);
    return ok;
}

/* ---- headers ---- */

/* Other names than the disk's, and made from it: `what` tells them apart. */
static void put_derived(unsigned char *at, const vhdx_guid *id, unsigned char what)
{
    memcpy(at, id->bytes, sizeof id->bytes);
    at[15] ^= what;
}

static bool write_header(const lima_vhdx_writer *writer, uint64_t offset, uint64_t sequence, lima_err *err)
{
    unsigned char header[VHDX_HEADER_BYTES] = {'h', 'e', 'a', 'd'};

    bytes_put_little(header + VHDX_H_SEQUENCE, sequence, 8);
    put_derived(header + VHDX_H_FILE_WRITE, &writer->id, 1);
    put_derived(header + VHDX_H_DATA_WRITE, &writer->id, 2);
    bytes_put_little(header + VHDX_H_VERSION, 1, 2); /* the log's GUID stays 0: empty */
    bytes_put_little(header + VHDX_H_LOG_LENGTH, LOG_LENGTH, 4);
    bytes_put_little(header + VHDX_H_LOG_OFFSET, LOG_OFFSET, 8);
    bytes_put_little(header + VHDX_H_SUM, lima_crc32c(0, header, sizeof header), 4);
    return lima_file_write_at(writer->file, offset, header, sizeof header, err);
}

static bool write_identifier(const lima_vhdx_writer *writer, lima_err *err)
{
    static const char creator[] = "lima-drivers";
    unsigned char identifier[8 + VHDX_CREATOR_UNITS * 2] = {'v', 'h', 'd', 'x', 'f', 'i', 'l', 'e'};

    for (size_t i = 0; creator[i]; i++)
        identifier[8 + i * 2] = (unsigned char)creator[i];
    return lima_file_write_at(writer->file, 0, identifier, sizeof identifier, err);
}

static void close_writer(lima_vhdx_writer *writer, bool keep)
{
    lima_file_close(writer->file);
    if (!keep)
        lima_file_remove(writer->path, NULL);
    lima_monitor_free(writer->monitor);
    free(writer->blocks);
    free(writer->path);
    free(writer);
}

/* Up to the end of its last block, by writing: resizing would make it sparse. */
static bool fill_up(const lima_vhdx_writer *writer, lima_err *err)
{
    lima_file_info now;

    return lima_file_stat(writer->path, true, &now, err)
           && (now.size >= writer->end || lima_file_write_at(writer->file, writer->end - 1, "", 1, err));
}

bool lima_vhdx_finish(lima_vhdx_writer *writer, lima_err *err)
{
    bool ok = write_bat(writer, err) && fill_up(writer, err) && write_metadata(writer, err)
              && write_regions(writer, err) && write_header(writer, VHDX_HEADER_1, 1, err)
              && write_header(writer, VHDX_HEADER_2, 2, err) && write_identifier(writer, err);

    if (!ok)
        lima_err_wrap(err, "image '%s'", writer->path);
    close_writer(writer, ok);
    return ok;
}

void lima_vhdx_abandon(lima_vhdx_writer *writer)
{
    if (writer)
        close_writer(writer, false);
}
