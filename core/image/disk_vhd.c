/* VHD: a fixed one is the disk and a footer; a dynamic one has a copy of the footer first, a header, a table of blocks, and
 * before each block a bitmap of its sectors, which is not looked at: a sector that was never written is zero in its block.
 * Numbers are big-endian. Source: Microsoft's Virtual Hard Disk Image Format Specification 1.0. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/bytes.h"
#include "image/disk_format.h"

enum {
    SECTOR = 512,
    FOOTER = 512,
    FOOTER_SUM = 64,
    DYNAMIC_SUM = 36,
    DYNAMIC = 1024, /* the header of dynamic disks */
    UNUSED = -1,    /* a block's place, as the table has it: all bits */
    BLOCK_MIN = 512 * 1024,
    BLOCK_MAX = 256 * 1024 * 1024,
    TABLE_MAX = 16 * 1024 * 1024,
    UNIT = 1024 * 1024,
    FIXED_TYPE = 2,
    DYNAMIC_TYPE = 3,
    DIFFERENCING_TYPE = 4,
};

/* 65535 cylinders of 16 heads and 255 sectors: what stands for any larger disk */
#define CHS_MAX ((uint64_t)65535 * 16 * 255 * SECTOR)

typedef struct vhd {
    uint32_t type, block, blocks;
    unsigned char *table; /* NULL: fixed */
} vhd;

/* Of a dynamic one, which has a copy of its footer there. */
static bool probe(const unsigned char *head, size_t len)
{
    return len >= 8 && memcmp(head, "conectix", 8) == 0;
}

/* Virtual PC and its followers round the size down to what cylinders, heads and sectors can tell, as long as these can; others
 * mean what they say. */
static uint64_t size_of(const unsigned char *footer)
{
    static const char *const by_geometry[] = {"vpc ", "vs  ", "qemu"};
    uint64_t by_chs = bytes_big(footer + 56, 2) * footer[58] * footer[59] * SECTOR;

    for (size_t i = 0; i < sizeof by_geometry / sizeof by_geometry[0]; i++)
        if (memcmp(footer + 28, by_geometry[i], 4) == 0 && by_chs && by_chs < CHS_MAX)
            return by_chs;
    return bytes_big(footer + 48, 8);
}

/* The sum at `at` is of all other bytes, inverted. */
static bool sum_holds(const unsigned char *bytes, size_t len, size_t at)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += i < at || i >= at + 4 ? bytes[i] : 0;
    return bytes_big(bytes + at, 4) == (uint32_t)~sum;
}

static bool read_dynamic(lima_disk *disk, vhd *image, uint64_t offset, lima_err *err)
{
    unsigned char header[DYNAMIC];

    if (!disk_read_file(disk, offset, header, sizeof header, err))
        return false;
    if (!sum_holds(header, sizeof header, DYNAMIC_SUM))
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "its header is damaged: the sum of it does not hold");
    image->block = (uint32_t)bytes_big(header + 32, 4);
    image->blocks = (uint32_t)bytes_big(header + 28, 4);
    if (memcmp(header, "cxsparse", 8) != 0 || image->block < BLOCK_MIN || image->block > BLOCK_MAX
        || image->block & (image->block - 1) || image->blocks > TABLE_MAX / 4
        || disk->info.size > (uint64_t)image->blocks * image->block)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "its header has impossible sizes");
    image->table = lima_mem_zalloc((size_t)image->blocks + 1, 4);
    return disk_read_file(disk, bytes_big(header + 16, 8), image->table, (size_t)image->blocks * 4, err);
}

/* Its last sector could also be the guest's: it is a VHD's if its sum holds, and nothing else is in the file. */
bool disk_is_fixed_vhd(const lima_disk *disk)
{
    unsigned char footer[FOOTER];

    return disk->file_size >= FOOTER
           && disk_read_file(disk, disk->file_size - FOOTER, footer, sizeof footer, NULL)
           && probe(footer, sizeof footer) && sum_holds(footer, sizeof footer, FOOTER_SUM)
           && bytes_big(footer + 60, 4) == FIXED_TYPE && size_of(footer) <= disk->file_size - FOOTER;
}

static bool read_footer(lima_disk *disk, vhd *image, lima_err *err)
{
    unsigned char footer[FOOTER];

    if (disk->file_size < FOOTER)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "cut short: not even a footer");
    if (!disk_read_file(disk, disk->file_size - FOOTER, footer, sizeof footer, err))
        return false;
    if (memcmp(footer, "conectix", 8) != 0)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS,
                            "it is no VHD, or it is cut short: no footer at its end");
    if (!sum_holds(footer, sizeof footer, FOOTER_SUM))
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "its footer is damaged: the sum of it does not hold");
    image->type = (uint32_t)bytes_big(footer + 60, 4);
    disk->info.size = size_of(footer);
    if (image->type == DYNAMIC_TYPE)
        return read_dynamic(disk, image, bytes_big(footer + 16, 8), err);
    if (image->type == FIXED_TYPE)
        return disk->info.size <= disk->file_size - FOOTER
               || lima_err_set(err, LIMA_CODE_DATA_LOSS, "cut short: it has fewer bytes than its disk");
    return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                        image->type == DIFFERENCING_TYPE
                            ? "it is a layer over another file (a differencing disk)"
                            : "it is a VHD of unknown type");
}

static void free_state(vhd *image)
{
    free(image->table);
    free(image);
}

static bool open_vhd(lima_disk *disk, lima_err *err)
{
    vhd *image = lima_mem_zalloc(1, sizeof *image);

    if (!read_footer(disk, image, err)) {
        free_state(image);
        return false;
    }
    disk->piece = image->table ? image->block : BLOCK_MAX;
    disk->info.unit = UNIT;
    disk->state = image;
    return true;
}

/* 0: nowhere */
static uint64_t place_of(const vhd *image, uint64_t offset)
{
    uint64_t bitmap = (image->block / SECTOR / 8 + SECTOR - 1) / SECTOR * SECTOR;
    uint32_t sector = (uint32_t)bytes_big(image->table + (size_t)(offset / image->block) * 4, 4);

    return sector == (uint32_t)UNUSED ? 0 : (uint64_t)sector * SECTOR + bitmap + offset % image->block;
}

static bool map(lima_disk *disk, uint64_t offset, lima_disk_extent *ret, lima_err *err)
{
    const vhd *image = disk->state;

    (void)err;
    *ret = (lima_disk_extent){.len = disk->piece - offset % disk->piece,
                              .zero = image->table && !place_of(image, offset)};
    return true;
}

static bool read_vhd(lima_disk *disk, uint64_t offset, void *into, size_t len, lima_err *err)
{
    const vhd *image = disk->state;
    uint64_t place = image->table ? place_of(image, offset) : offset;

    if (image->table && place && place - offset % image->block + image->block > disk->file_size)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "cut short: a block is not in its file");
    if (!image->table || place)
        return disk_read_file(disk, place, into, len, err);
    memset(into, 0, len);
    return true;
}

static void close_vhd(lima_disk *disk)
{
    free_state(disk->state);
}

const disk_format DISK_VHD = {LIMA_DISK_VHD, "vhd", probe, open_vhd, map, read_vhd, NULL, close_vhd};
