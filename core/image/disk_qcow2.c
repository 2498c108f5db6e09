/* The disk is cut into clusters. A table (L1) has the places of tables (L2), each of which fills one cluster and has the places
 * of the clusters it stands for. L1 is held whole, L2 tables come through a cache; a reader copies the entry it needs, and
 * reads clusters outside of it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/bytes.h"
#include "image/disk_cache.h"
#include "image/disk_format.h"
#include "image/disk_unpack.h"
#include "image/qcow2_layout.h"

enum {
    CACHE_BYTES = 4 * 1024 * 1024,
    UNIT_MIN = 1024 * 1024,
    SECTOR = 512,
};

typedef struct qcow2 {
    qcow2_header header;
    unsigned char *l1;
    disk_cache *l2;
    disk_unpackers *unpackers;
} qcow2;

/* ---- the header ---- */

static bool probe(const unsigned char *head, size_t len)
{
    return len >= QCOW2_HEADER_BYTES_2 && memcmp(head, "QFI\xfb", 4) == 0;
}

static void parse(const unsigned char *bytes, qcow2_header *ret)
{
    *ret = (qcow2_header){.version = (uint32_t)bytes_big(bytes + 4, 4),
                          .backing = bytes_big(bytes + 8, 8),
                          .cluster_bits = (uint32_t)bytes_big(bytes + 20, 4),
                          .size = bytes_big(bytes + 24, 8),
                          .encryption = (uint32_t)bytes_big(bytes + 32, 4),
                          .l1_entries = (uint32_t)bytes_big(bytes + 36, 4),
                          .l1_offset = bytes_big(bytes + 40, 8)};
    if (ret->version < 3)
        return;
    ret->features = bytes_big(bytes + 72, 8);
    if (ret->features & QCOW2_COMPRESSION)
        ret->compression = bytes[104];
}

/* What of the features cannot be had; NULL: nothing. */
static const char *refusal(const qcow2_header *header)
{
    if (header->backing)
        return "it is a layer over another file (a backing file)";
    if (header->encryption)
        return "it is encrypted";
    if (header->features & QCOW2_CORRUPT)
        return "it is marked as corrupt; `qemu-img check -r all` may mend it";
    if (header->features & QCOW2_EXTERNAL_DATA)
        return "its data are in another file";
    if (header->features & QCOW2_EXTENDED_L2)
        return "it has extended L2 entries";
    if (header->compression > QCOW2_ZSTD)
        return "its clusters are compressed in a way that is not known here";
    if (header->features & ~(uint64_t)(QCOW2_DIRTY | QCOW2_COMPRESSION))
        return "it has features that are not known here";
    return NULL;
}

static bool check(const qcow2_header *header, lima_err *err)
{
    if (header->version < 2 || header->version > 3)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "it is qcow2 of version %u, not 2 or 3",
                            header->version);
    if (header->cluster_bits < QCOW2_CLUSTER_BITS_MIN || header->cluster_bits > QCOW2_CLUSTER_BITS_MAX
        || header->l1_entries > QCOW2_L1_BYTES_MAX / 8 || header->size > INT64_MAX
        || header->l1_offset % ((uint64_t)1 << header->cluster_bits))
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "its header has impossible sizes");
    uint64_t per_table = UINT64_C(1) << (2 * header->cluster_bits - 3); /* bytes of the disk */
    if (header->size / per_table + (header->size % per_table != 0) > header->l1_entries)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "its first table is too short for its size");
    return true;
}

static bool read_header(const lima_disk *disk, qcow2_header *ret, lima_err *err)
{
    unsigned char bytes[QCOW2_HEADER_BYTES] = {0};

    if (!disk_read_part(disk, 0, 0, bytes, sizeof bytes, err))
        return false;
    if (!probe(bytes, sizeof bytes))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "it is no qcow2 image");
    parse(bytes, ret);
    const char *why = ret->version == 2 || ret->version == 3 ? refusal(ret) : NULL;
    if (why)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "%s", why);
    return check(ret, err);
}

/* ---- open, close ---- */

static size_t cluster_bytes(const qcow2 *image)
{
    return (size_t)1 << image->header.cluster_bits;
}

/* What cannot be compressed becomes a little longer. An entry counts sectors, and may count twice as many. */
static size_t packed_max(const qcow2 *image)
{
    return cluster_bytes(image) + cluster_bytes(image) / 128 + 2 * SECTOR;
}

static void free_state(qcow2 *image)
{
    disk_unpackers_free(image->unpackers);
    disk_cache_free(image->l2);
    free(image->l1);
    free(image);
}

static bool open_qcow2(lima_disk *disk, lima_err *err)
{
    qcow2_header header;

    if (!read_header(disk, &header, err))
        return false;
    qcow2 *image = lima_mem_zalloc(1, sizeof *image);
    image->header = header;
    image->l1 = lima_mem_zalloc((size_t)header.l1_entries + 1, 8);
    image->l2 = disk_cache_new(cluster_bytes(image), CACHE_BYTES);
    image->unpackers = disk_unpackers_new(header.compression == QCOW2_ZSTD ? DISK_ZSTD : DISK_DEFLATE,
                                          cluster_bytes(image), packed_max(image));
    if (!disk_read_file(disk, header.l1_offset, image->l1, (size_t)header.l1_entries * 8, err)) {
        free_state(image);
        return false;
    }
    disk->state = image;
    disk->piece = (uint32_t)cluster_bytes(image);
    disk->info.size = header.size;
    disk->info.unit = cluster_bytes(image) > UNIT_MIN ? (uint32_t)cluster_bytes(image) : UNIT_MIN;
    return true;
}

static void close_qcow2(lima_disk *disk)
{
    free_state(disk->state);
}

/* ---- tables ---- */

static bool is_zero(const qcow2 *image, uint64_t entry)
{
    if (entry & QCOW2_COMPRESSED)
        return false;
    return !(entry & QCOW2_OFFSET_MASK) || (image->header.version >= 3 && (entry & QCOW2_ZERO));
}

static uint64_t l1_entry(const qcow2 *image, uint64_t offset)
{
    unsigned bits = image->header.cluster_bits;

    return bytes_big(image->l1 + (size_t)(offset >> (2 * bits - 3)) * 8, 8) & QCOW2_OFFSET_MASK;
}

/* Of a table or of a plain cluster, all of which lie at whole clusters. */
static bool check_place(const qcow2 *image, uint64_t place, lima_err *err)
{
    return place % cluster_bytes(image) == 0
           || lima_err_set(err, LIMA_CODE_DATA_LOSS, "its tables are damaged: nothing can lie at %llu",
                           (unsigned long long)place);
}

/* The entry of the cluster at `offset`, and how many bytes from there on, within the same table, are zero or not as it is. */
static bool look_up(const lima_disk *disk, uint64_t offset, uint64_t *ret_entry, uint64_t *ret_len,
                    lima_err *err)
{
    qcow2 *image = disk->state;
    size_t per_table = cluster_bytes(image) / 8;
    size_t first = (size_t)(offset >> image->header.cluster_bits) % per_table, i = per_table;
    uint64_t entry = 0, place = l1_entry(image, offset);

    if (!check_place(image, place, err))
        return false;
    if (place) {
        const unsigned char *table = disk_cache_enter(image->l2, disk, place, err);
        entry = table ? bytes_big(table + first * 8, 8) : 0;
        for (i = first; table && i < per_table; i++)
            if (is_zero(image, bytes_big(table + i * 8, 8)) != is_zero(image, entry))
                break;
        disk_cache_leave(image->l2);
        if (!table)
            return false;
    }
    *ret_entry = entry;
    *ret_len = ((uint64_t)(i - first) << image->header.cluster_bits) - offset % cluster_bytes(image);
    return true;
}

static bool map(lima_disk *disk, uint64_t offset, lima_disk_extent *ret, lima_err *err)
{
    uint64_t entry, len;

    if (!look_up(disk, offset, &entry, &len, err))
        return false;
    *ret = (lima_disk_extent){.len = len, .zero = is_zero(disk->state, entry)};
    return true;
}

/* ---- clusters ---- */

static bool read_compressed(const lima_disk *disk, uint64_t entry, uint64_t within, void *into, size_t len,
                            lima_err *err)
{
    const qcow2 *image = disk->state;
    unsigned bits = image->header.cluster_bits - 8, shift = 62 - bits;
    uint64_t at = entry & ((UINT64_C(1) << shift) - 1);
    uint64_t sectors = (entry >> shift & ((UINT64_C(1) << bits) - 1)) + 1;
    size_t packed = (size_t)(sectors * SECTOR - at % SECTOR), most = packed_max(image);

    return disk_unpack(image->unpackers, disk, at, packed < most ? packed : most, (size_t)within, into, len,
                       err);
}

static bool read_qcow2(lima_disk *disk, uint64_t offset, void *into, size_t len, lima_err *err)
{
    const qcow2 *image = disk->state;
    uint64_t entry, same, within = offset % cluster_bytes(image);

    if (!look_up(disk, offset, &entry, &same, err))
        return false;
    if (entry & QCOW2_COMPRESSED)
        return read_compressed(disk, entry, within, into, len, err);
    if (!is_zero(image, entry))
        return check_place(image, entry & (QCOW2_OFFSET_MASK | QCOW2_ZERO), err)
               && disk_read_part(disk, entry & QCOW2_OFFSET_MASK, within, into, len, err);
    memset(into, 0, len);
    return true;
}

const disk_format DISK_QCOW2 = {LIMA_DISK_QCOW2, "qcow2", probe,      open_qcow2, map,
                                read_qcow2,      NULL,    close_qcow2};
