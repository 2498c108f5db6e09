/* How it works: each cluster of the file has a count of its users, also those that hold tables. The counts
 * are in blocks of one cluster each, and a table tells where the blocks are; both are looked through from the
 * end. Every cluster that a consistent image refers to is counted, so the last count is beyond the last
 * reference.
 *
 * Deliberately not here: following the references, which takes time with the image's size (`qemu-img
 * check`). */
#include "image/qcow2.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/bytes.h"
#include "image/qcow2_layout.h"
#include "os/file.h"

enum {
    TABLE_BYTES_MAX = 8 * 1024 * 1024, /* QEMU's own limit */
    REFCOUNT_ORDER_MAX = 6,
    EMPTY_BLOCKS_MAX = 64, /* looked through before giving up */
};

typedef struct image {
    lima_file *file;
    unsigned cluster_bits, refcount_order;
    uint64_t table;     /* where the table of counts is */
    size_t table_bytes; /* whole clusters */
} image;

static bool read_all(const image *img, uint64_t offset, void *into, size_t len, lima_err *err)
{
    size_t got = 0;
    return lima_file_read_at(img->file, offset, into, len, &got, err)
           && (got == len
               || lima_err_set(err, LIMA_CODE_DATA_LOSS, "the file ends within its own book-keeping"));
}

/* ---- the header ---- */

static bool check_header(const image *img, lima_err *err)
{
    return (img->cluster_bits >= QCOW2_CLUSTER_BITS_MIN && img->cluster_bits <= QCOW2_CLUSTER_BITS_MAX
            && img->refcount_order <= REFCOUNT_ORDER_MAX && img->table_bytes
            && img->table_bytes <= TABLE_BYTES_MAX)
           || lima_err_set(err, LIMA_CODE_DATA_LOSS, "its header has impossible sizes");
}

static bool read_header(image *img, lima_err *err)
{
    unsigned char header[QCOW2_HEADER_BYTES] = {0};
    size_t got = 0;
    if (!lima_file_read_at(img->file, 0, header, sizeof header, &got, err))
        return false;
    uint64_t version = bytes_big(header + 4, 4);
    if (got < QCOW2_HEADER_BYTES_2 || memcmp(header, "QFI\xfb", 4) != 0 || version < 2 || version > 3)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "it is no qcow2 image of version 2 or 3");
    if (version == 3 && bytes_big(header + 72, 8) & QCOW2_DIRTY)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "its counts are not up to date");
    img->cluster_bits = (unsigned)bytes_big(header + 20, 4);
    img->table = bytes_big(header + 48, 8);
    img->refcount_order = version == 3 ? (unsigned)bytes_big(header + 96, 4) : 4;
    uint64_t clusters = bytes_big(header + 56, 4);
    img->table_bytes = img->cluster_bits <= QCOW2_CLUSTER_BITS_MAX ? (size_t)(clusters << img->cluster_bits)
                                                                   : TABLE_BYTES_MAX + 1;
    return check_header(img, err);
}

/* ---- the counts ---- */

/* Which count is the last one over 0 in a block; false: none. Counts of less than a byte fill it from its low
 * end. */
static bool last_count(const image *img, const unsigned char *block, uint64_t *ret_index)
{
    size_t at = (size_t)1 << img->cluster_bits;
    while (at > 0 && !block[at - 1])
        at--;
    if (!at)
        return false;
    unsigned bit = 7;
    while (!(block[at - 1] >> bit))
        bit--;
    *ret_index = ((at - 1) * 8 + bit) >> img->refcount_order;
    return true;
}

/* Counts of absurdly many clusters would wrap around. */
static bool offset_of(const image *img, uint64_t cluster, uint64_t *ret_offset, lima_err *err)
{
    if (cluster > (uint64_t)INT64_MAX >> img->cluster_bits)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "it counts a cluster that no file can hold");
    *ret_offset = cluster << img->cluster_bits;
    return true;
}

/* The table's entries from the last one on, until a block has a count over 0. */
static bool find_last(const image *img, const unsigned char *table, unsigned char *block,
                      uint64_t *ret_offset, lima_err *err)
{
    unsigned empty = 0;
    uint64_t index, counts_per_block = ((uint64_t)8 << img->cluster_bits) >> img->refcount_order;
    for (size_t entry = img->table_bytes / 8; entry-- > 0 && empty < EMPTY_BLOCKS_MAX;) {
        uint64_t offset = bytes_big(table + entry * 8, 8) & ~(uint64_t)511;
        if (!offset)
            continue;
        if (!read_all(img, offset, block, (size_t)1 << img->cluster_bits, err))
            return false;
        if (last_count(img, block, &index))
            return offset_of(img, entry * counts_per_block + index, ret_offset, err);
        empty++;
    }
    return lima_err_set(err, LIMA_CODE_DATA_LOSS, "it counts no cluster as used, not even its own header");
}

static bool find_in_table(const image *img, uint64_t *ret_offset, lima_err *err)
{
    unsigned char *table = lima_mem_zalloc(img->table_bytes, 1),
                  *block = lima_mem_zalloc((size_t)1 << img->cluster_bits, 1);
    bool ok = read_all(img, img->table, table, img->table_bytes, err)
              && find_last(img, table, block, ret_offset, err);
    free(block);
    free(table);
    return ok;
}

bool lima_qcow2_last_cluster(const char *path, uint64_t *ret_offset, lima_err *err)
{
    image img = {0};
    if (!lima_file_open(path, LIMA_FILE_READ, &img.file, err))
        return false;
    bool ok = (read_header(&img, err) && find_in_table(&img, ret_offset, err))
              || lima_err_wrap(err, "image '%s'", path);
    lima_file_close(img.file);
    return ok;
}
