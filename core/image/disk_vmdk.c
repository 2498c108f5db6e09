/* VMDK in one file: a header, a text that says what kind it is, a directory of tables, tables of grains. Grains of a
 * streamOptimized image are compressed, each behind its number and length; its directory may be at the end, told by a second
 * header there. Numbers are little-endian, places are in sectors. Source: VMware's Virtual Disk Format 5.0. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/bytes.h"
#include "image/disk_cache.h"
#include "image/disk_format.h"
#include "image/disk_unpack.h"

enum {
    SECTOR = 512,
    HEADER = 512,
    FOOTER_FROM_END = 1024,
    DESCRIPTOR_MAX = 64 * 1024,
    GRAIN_MAX = 2 * 1024 * 1024,
    ENTRIES_MAX = 512, /* of a table: what all writers make */
    VERSION_MAX = 3,
    DIRECTORY_MAX = 16 * 1024 * 1024,
    CACHE_BYTES = 4 * 1024 * 1024,
    UNIT = 1024 * 1024,
    MARKER = 12,            /* before a compressed grain: u64 sector of the disk, u32 length */
    ZEROED_GRAINS = 1 << 2, /* flags */
    COMPRESSED = 1 << 16,
    MARKERS = 1 << 17,
    DEFLATE = 1,
    ZEROED = 1, /* an entry */
};
#define DIRECTORY_AT_END UINT64_MAX

typedef struct vmdk {
    uint32_t flags, grain, entries; /* bytes of a grain; entries of a table */
    uint64_t tables;
    unsigned char *directory;
    disk_cache *cache;
    disk_unpackers *unpackers;
} vmdk;

static bool probe(const unsigned char *head, size_t len)
{
    return len >= HEADER && memcmp(head, "KDMV", 4) == 0;
}

/* ---- open ---- */

static bool check_kind(const char *text, lima_err *err)
{
    if (!strstr(text, "createType=\"monolithicSparse\"") && !strstr(text, "createType=\"streamOptimized\""))
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "it is a VMDK neither monolithicSparse nor streamOptimized");
    const char *parent = strstr(text, "parentCID=");
    if (parent && strncmp(parent + strlen("parentCID="), "ffffffff", 8) != 0)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "it is a layer over another file");
    return true;
}

static bool read_descriptor(const lima_disk *disk, const unsigned char *header, lima_err *err)
{
    uint64_t offset = bytes_little(header + 28, 8), sectors = bytes_little(header + 36, 8);

    if (!offset || !sectors || sectors > DESCRIPTOR_MAX / SECTOR || offset > disk->file_size / SECTOR)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "it is a VMDK that does not say its kind");
    char *text = lima_mem_zalloc((size_t)sectors * SECTOR + 1, 1);
    bool ok =
        disk_read_file(disk, offset * SECTOR, text, (size_t)sectors * SECTOR, err) && check_kind(text, err);
    free(text);
    return ok;
}

static bool parse(lima_disk *disk, vmdk *image, const unsigned char *header, lima_err *err)
{
    uint64_t grain = bytes_little(header + 20, 8), capacity = bytes_little(header + 12, 8);

    if (!bytes_little(header + 4, 4) || bytes_little(header + 4, 4) > VERSION_MAX)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "it is a VMDK of a version not known here");
    image->flags = (uint32_t)bytes_little(header + 8, 4);
    image->entries = (uint32_t)bytes_little(header + 44, 4);
    if (!grain || grain > GRAIN_MAX / SECTOR || grain & (grain - 1) || !image->entries
        || image->entries > ENTRIES_MAX || capacity > INT64_MAX / SECTOR)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "its header has impossible sizes");
    if ((image->flags & COMPRESSED) && (!(image->flags & MARKERS) || bytes_little(header + 77, 2) != DEFLATE))
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "its grains are compressed in a way not known here");
    image->grain = (uint32_t)grain * SECTOR;
    disk->info.size = capacity * SECTOR;
    uint64_t per_table = (uint64_t)image->grain * image->entries;
    image->tables = disk->info.size / per_table + (disk->info.size % per_table != 0);
    return image->tables <= DIRECTORY_MAX / 4
           || lima_err_set(err, LIMA_CODE_DATA_LOSS, "its header has impossible sizes");
}

/* Who writes a stream knows the rest of the header only at its end. */
static bool read_last_header(const lima_disk *disk, unsigned char *header, lima_err *err)
{
    if (bytes_little(header + 56, 8) != DIRECTORY_AT_END)
        return true;
    return (disk->file_size >= FOOTER_FROM_END
            && disk_read_file(disk, disk->file_size - FOOTER_FROM_END, header, HEADER, err)
            && probe(header, HEADER))
           || lima_err_set(err, LIMA_CODE_DATA_LOSS, "cut short: its second header is not at its end");
}

static bool read_directory(const lima_disk *disk, vmdk *image, uint64_t at, lima_err *err)
{
    if (at > disk->file_size / SECTOR)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "cut short: its directory is not there");
    image->directory = lima_mem_zalloc((size_t)image->tables + 1, 4);
    return disk_read_file(disk, at * SECTOR, image->directory, (size_t)image->tables * 4, err);
}

static void free_state(vmdk *image)
{
    disk_unpackers_free(image->unpackers);
    disk_cache_free(image->cache);
    free(image->directory);
    free(image);
}

static bool open_with(lima_disk *disk, vmdk *image, lima_err *err)
{
    unsigned char header[HEADER] = {0};

    if (!disk_read_part(disk, 0, 0, header, sizeof header, err))
        return false;
    if (!probe(header, sizeof header))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "it is no VMDK of one file");
    if (!read_descriptor(disk, header, err) || !read_last_header(disk, header, err)
        || !parse(disk, image, header, err)
        || !read_directory(disk, image, bytes_little(header + 56, 8), err))
        return false;
    image->cache = disk_cache_new((size_t)image->entries * 4, CACHE_BYTES);
    image->unpackers = disk_unpackers_new(DISK_ZLIB, image->grain, 2 * (size_t)image->grain + SECTOR);
    disk->piece = image->grain;
    disk->info.unit = image->grain > UNIT ? image->grain : UNIT;
    disk->state = image;
    return true;
}

static bool open_vmdk(lima_disk *disk, lima_err *err)
{
    vmdk *image = lima_mem_zalloc(1, sizeof *image);

    if (open_with(disk, image, err))
        return true;
    free_state(image);
    return false;
}

static void close_vmdk(lima_disk *disk)
{
    free_state(disk->state);
}

/* ---- grains ---- */

static bool is_zero(const vmdk *image, uint32_t entry)
{
    return !entry || ((image->flags & ZEROED_GRAINS) && entry == ZEROED);
}

/* The entry of the grain at `offset`, and how many bytes from there on, within the same table, are zero or not as it is. */
static bool look_up(const lima_disk *disk, uint64_t offset, uint32_t *ret_entry, uint64_t *ret_len,
                    lima_err *err)
{
    const vmdk *image = disk->state;
    uint64_t grain = offset / image->grain;
    uint32_t first = (uint32_t)(grain % image->entries), i = image->entries, entry = 0;
    uint32_t place = (uint32_t)bytes_little(image->directory + (size_t)(grain / image->entries) * 4, 4);

    if (place) {
        const unsigned char *table = disk_cache_enter(image->cache, disk, (uint64_t)place * SECTOR, err);
        entry = table ? (uint32_t)bytes_little(table + (size_t)first * 4, 4) : 0;
        for (i = first; table && i < image->entries; i++)
            if (is_zero(image, (uint32_t)bytes_little(table + (size_t)i * 4, 4)) != is_zero(image, entry))
                break;
        disk_cache_leave(image->cache);
        if (!table)
            return false;
    }
    *ret_entry = entry;
    *ret_len = (uint64_t)(i - first) * image->grain - offset % image->grain;
    return true;
}

static bool map(lima_disk *disk, uint64_t offset, lima_disk_extent *ret, lima_err *err)
{
    uint32_t entry;
    uint64_t len;

    if (!look_up(disk, offset, &entry, &len, err))
        return false;
    *ret = (lima_disk_extent){.len = len, .zero = is_zero(disk->state, entry)};
    return true;
}

static bool read_compressed(const lima_disk *disk, uint64_t place, size_t within, void *into, size_t len,
                            lima_err *err)
{
    const vmdk *image = disk->state;
    unsigned char marker[MARKER];

    return disk_read_file(disk, place, marker, sizeof marker, err)
           && disk_unpack(image->unpackers, disk, place + MARKER, (size_t)bytes_little(marker + 8, 4), within,
                          into, len, err);
}

static bool read_vmdk(lima_disk *disk, uint64_t offset, void *into, size_t len, lima_err *err)
{
    const vmdk *image = disk->state;
    size_t within = (size_t)(offset % image->grain);
    uint32_t entry;
    uint64_t same;

    if (!look_up(disk, offset, &entry, &same, err))
        return false;
    if (is_zero(image, entry)) {
        memset(into, 0, len);
        return true;
    }
    if (image->flags & COMPRESSED)
        return read_compressed(disk, (uint64_t)entry * SECTOR, within, into, len, err);
    return disk_read_part(disk, (uint64_t)entry * SECTOR, within, into, len, err);
}

const disk_format DISK_VMDK = {LIMA_DISK_VMDK, "vmdk", probe, open_vmdk, map, read_vmdk, NULL, close_vmdk};
