/* The file is the disk; its holes are zeros. */
#include "image/disk_format.h"

enum { UNIT = 1024 * 1024 };

static bool probe(const unsigned char *head, size_t len)
{
    (void)head, (void)len;
    return true;
}

static bool open_raw(lima_disk *disk, lima_err *err)
{
    (void)err;
    disk->info.size = disk->file_size;
    disk->piece = UNIT;
    disk->info.unit = UNIT;
    return true;
}

static bool map(lima_disk *disk, uint64_t offset, lima_disk_extent *ret, lima_err *err)
{
    uint64_t begin, end;

    if (!lima_file_next_data(disk->file, offset, &begin, &end, err))
        return false;
    *ret = begin > offset ? (lima_disk_extent){.len = begin - offset, .zero = true}
                          : (lima_disk_extent){.len = end - offset};
    return true;
}

static bool read_raw(lima_disk *disk, uint64_t offset, void *into, size_t len, lima_err *err)
{
    return disk_read_file(disk, offset, into, len, err);
}

static void close_raw(lima_disk *disk)
{
    (void)disk;
}

const disk_format DISK_RAW = {LIMA_DISK_RAW, "raw", probe, open_raw, map, read_raw, NULL, close_raw};
