#include "image/bytes.h"
#include "image/vhdx_open.h"

#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/mem.h"

enum {
    REGIONS_MAX = 2047,
    ITEMS_MAX = 2047,
    ENTRY = 32, /* bytes of a region's and of an item's */
    ITEM_MAX = 16,
};

/* ---- header ---- */

/* The sum counts its own bytes as zero. `bytes` is changed for that and changed back. */
static bool sum_holds(unsigned char *bytes, size_t len)
{
    uint64_t said = bytes_little(bytes + VHDX_H_SUM, 4);

    bytes_put_little(bytes + VHDX_H_SUM, 0, 4);
    bool holds = lima_crc32c(0, bytes, len) == said;
    bytes_put_little(bytes + VHDX_H_SUM, said, 4);
    return holds;
}

static bool is_header(unsigned char *bytes)
{
    return memcmp(bytes, "head", 4) == 0 && sum_holds(bytes, VHDX_HEADER_BYTES);
}

/* The one of the two that holds and was written last. */
static bool read_header(const lima_disk *disk, unsigned char *ret, lima_err *err)
{
    unsigned char other[VHDX_HEADER_BYTES];

    if (!disk_read_file(disk, 0, other, 8, err))
        return false;
    if (memcmp(other, "vhdxfile", 8) != 0)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "it is no VHDX");
    if (!disk_read_file(disk, VHDX_HEADER_1, ret, VHDX_HEADER_BYTES, err)
        || !disk_read_file(disk, VHDX_HEADER_2, other, VHDX_HEADER_BYTES, err))
        return false;
    bool first = is_header(ret), second = is_header(other);
    if (!first && !second)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "both of its headers are damaged");
    if (!first
        || (second && bytes_little(other + VHDX_H_SEQUENCE, 8) > bytes_little(ret + VHDX_H_SEQUENCE, 8)))
        memcpy(ret, other, VHDX_HEADER_BYTES);
    return true;
}

static bool check_header(const unsigned char *header, lima_err *err)
{
    if (bytes_little(header + VHDX_H_VERSION, 2) != 1)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "it is VHDX of a version not known here");
    return lima_mem_is_zero(header + VHDX_H_LOG_GUID, sizeof(vhdx_guid))
           || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                           "its log was not written out: open it once with what wrote it last");
}

/* ---- regions ---- */

static bool take_region(const lima_disk *disk, const unsigned char *entry, vhdx_tables *ret, lima_err *err)
{
    uint64_t offset = bytes_little(entry + 16, 8);
    uint32_t len = (uint32_t)bytes_little(entry + 24, 4);

    if (offset % VHDX_MIB || offset < VHDX_MIB || offset > disk->file_size || len > disk->file_size - offset)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "cut short: a region is not in its file");
    if (memcmp(entry, VHDX_REGION_BAT.bytes, 16) == 0)
        ret->bat = (vhdx_region){offset, len};
    else if (memcmp(entry, VHDX_REGION_METADATA.bytes, 16) == 0 && len >= VHDX_TABLE_BYTES)
        ret->metadata = (vhdx_region){offset, len};
    else if (bytes_little(entry + 28, 4) & 1)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "it has a required region that is not known here");
    return true;
}

static bool take_regions(const lima_disk *disk, unsigned char *table, vhdx_tables *ret, lima_err *err)
{
    uint64_t count = bytes_little(table + 8, 4);

    if (memcmp(table, "regi", 4) != 0 || count > REGIONS_MAX || !sum_holds(table, VHDX_REGIONS_BYTES))
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "its table of regions is damaged");
    for (uint64_t i = 0; i < count; i++)
        if (!take_region(disk, table + 16 + i * ENTRY, ret, err))
            return false;
    return (ret->bat.offset && ret->metadata.offset)
           || lima_err_set(err, LIMA_CODE_DATA_LOSS, "its table of regions lacks one");
}

static bool read_regions(const lima_disk *disk, vhdx_tables *ret, lima_err *err)
{
    unsigned char *table = lima_mem_zalloc(VHDX_REGIONS_BYTES, 1);
    bool ok = disk_read_file(disk, VHDX_REGIONS_1, table, VHDX_REGIONS_BYTES, err)
              && take_regions(disk, table, ret, err);

    if (!ok && (!err || err->code == LIMA_CODE_DATA_LOSS))
        ok = disk_read_file(disk, VHDX_REGIONS_2, table, VHDX_REGIONS_BYTES, err)
             && take_regions(disk, table, ret, err);
    free(table);
    return ok;
}

/* ---- metadata ---- */

typedef struct item {
    const vhdx_guid *id;
    unsigned char *into;
    uint32_t len;
    bool found;
} item;

static bool take_item(const lima_disk *disk, const vhdx_tables *tables, const unsigned char *entry,
                      item *items, size_t count, lima_err *err)
{
    uint64_t at = bytes_little(entry + 16, 4), len = bytes_little(entry + 20, 4);

    for (size_t i = 0; i < count; i++) {
        if (memcmp(entry, items[i].id->bytes, 16) != 0)
            continue;
        if (len < items[i].len || at < VHDX_TABLE_BYTES)
            return lima_err_set(err, LIMA_CODE_DATA_LOSS, "an item of its metadata is too short");
        items[i].found = true;
        return disk_read_file(disk, tables->metadata.offset + at, items[i].into, items[i].len, err);
    }
    return !(bytes_little(entry + 24, 4) & VHDX_ITEM_REQUIRED)
           || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                           memcmp(entry, VHDX_ITEM_PARENT.bytes, 16) == 0
                               ? "it is a layer over another file (a differencing disk)"
                               : "it has required metadata that is not known here");
}

static bool read_items(const lima_disk *disk, const vhdx_tables *tables, item *items, size_t count,
                       lima_err *err)
{
    unsigned char *table = lima_mem_zalloc(VHDX_TABLE_BYTES, 1);
    bool ok = disk_read_file(disk, tables->metadata.offset, table, VHDX_TABLE_BYTES, err);
    uint64_t entries = bytes_little(table + 10, 2);

    if (ok && (memcmp(table, "metadata", 8) != 0 || entries > ITEMS_MAX))
        ok = lima_err_set(err, LIMA_CODE_DATA_LOSS, "its metadata are damaged");
    for (uint64_t i = 0; ok && i < entries; i++)
        ok = take_item(disk, tables, table + ENTRY + i * ENTRY, items, count, err);
    for (size_t i = 0; ok && i < count; i++)
        ok = items[i].found || lima_err_set(err, LIMA_CODE_DATA_LOSS, "its metadata lack an item");
    free(table);
    return ok;
}

static bool check_shape(const vhdx_tables *tables, lima_err *err)
{
    const vhdx_shape *shape = &tables->shape;

    if ((shape->sector != 512 && shape->sector != 4096) || shape->block < VHDX_MIB
        || shape->block > VHDX_BLOCK_MAX || shape->block & (shape->block - 1) || shape->size > VHDX_SIZE_MAX
        || shape->size % shape->sector)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "its metadata have impossible sizes");
    return vhdx_entries(shape) * 8 <= tables->bat.len
           || lima_err_set(err, LIMA_CODE_DATA_LOSS, "its table of blocks is too short for its size");
}

static bool read_metadata(const lima_disk *disk, vhdx_tables *ret, lima_err *err)
{
    unsigned char file[8], size[8], id[ITEM_MAX], sector[4], physical[4];
    item items[] = {{&VHDX_ITEM_FILE, file, 8, false},
                    {&VHDX_ITEM_SIZE, size, 8, false},
                    {&VHDX_ITEM_ID, id, ITEM_MAX, false},
                    {&VHDX_ITEM_SECTOR, sector, 4, false},
                    {&VHDX_ITEM_PHYSICAL, physical, 4, false}};

    if (!read_items(disk, ret, items, sizeof items / sizeof items[0], err))
        return false;
    if (bytes_little(file + 4, 4) & VHDX_HAS_PARENT)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "it is a layer over another file (a differencing disk)");
    ret->shape = (vhdx_shape){.size = bytes_little(size, 8),
                              .block = (uint32_t)bytes_little(file, 4),
                              .sector = (uint32_t)bytes_little(sector, 4),
                              .physical = (uint32_t)bytes_little(physical, 4)};
    return check_shape(ret, err);
}

bool vhdx_read_tables(const lima_disk *disk, vhdx_tables *ret, lima_err *err)
{
    unsigned char header[VHDX_HEADER_BYTES];
    vhdx_tables found = {0};

    if (!read_header(disk, header, err) || !check_header(header, err) || !read_regions(disk, &found, err)
        || !read_metadata(disk, &found, err))
        return false;
    found.log = (vhdx_region){bytes_little(header + VHDX_H_LOG_OFFSET, 8),
                              bytes_little(header + VHDX_H_LOG_LENGTH, 4)};
    *ret = found;
    return true;
}
