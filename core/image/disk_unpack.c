#include "image/disk_unpack.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "os/thread.h"

/* What a frame may have the decompressor keep in memory: no piece is larger. */
enum { ZSTD_WINDOW_LOG = 21 };

typedef struct unpacker {
    struct unpacker *next; /* while nobody has it */
    z_stream deflate;
    ZSTD_DCtx *zstd;
    unsigned char *packed, *piece;
} unpacker;

struct disk_unpackers {
    disk_packing packing;
    size_t piece, packed_max;
    lima_monitor *monitor; /* idle */
    unpacker *idle;
};

disk_unpackers *disk_unpackers_new(disk_packing packing, size_t piece, size_t packed_max)
{
    disk_unpackers *pool = lima_mem_zalloc(1, sizeof *pool);

    *pool = (disk_unpackers){.packing = packing, .piece = piece, .packed_max = packed_max};
    pool->monitor = lima_monitor_new();
    return pool;
}

/* ---- one of them ---- */

static void free_unpacker(unpacker *one)
{
    inflateEnd(&one->deflate);
    ZSTD_freeDCtx(one->zstd);
    free(one->packed);
    free(one->piece);
    free(one);
}

static bool prepare(const disk_unpackers *pool, unpacker *one)
{
    if (pool->packing == DISK_ZSTD)
        return (one->zstd = ZSTD_createDCtx()) != NULL
               && !ZSTD_isError(ZSTD_DCtx_setParameter(one->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG));
    return inflateInit2(&one->deflate, pool->packing == DISK_ZLIB ? MAX_WBITS : -MAX_WBITS) == Z_OK;
}

static unpacker *take(disk_unpackers *pool, lima_err *err)
{
    lima_monitor_enter(pool->monitor);
    unpacker *one = pool->idle;
    if (one)
        pool->idle = one->next;
    lima_monitor_leave(pool->monitor);
    if (one)
        return one;
    one = lima_mem_zalloc(1, sizeof *one);
    one->packed = lima_mem_zalloc(pool->packed_max, 1);
    one->piece = lima_mem_zalloc(pool->piece, 1);
    if (prepare(pool, one))
        return one;
    free_unpacker(one);
    lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED, "no memory to decompress");
    return NULL;
}

static void give_back(disk_unpackers *pool, unpacker *one)
{
    lima_monitor_enter(pool->monitor);
    one->next = pool->idle;
    pool->idle = one;
    lima_monitor_leave(pool->monitor);
}

/* ---- a piece ---- */

/* How many bytes it has. The sectors that hold it may hold more: it ends where the piece is full, or before. */
static size_t inflate_piece(unpacker *one, size_t packed, unsigned char *into, size_t piece)
{
    inflateReset(&one->deflate);
    one->deflate.next_in = one->packed;
    one->deflate.avail_in = (uInt)packed;
    one->deflate.next_out = into;
    one->deflate.avail_out = (uInt)piece;
    int result = inflate(&one->deflate, Z_FINISH);
    return result == Z_STREAM_END || result == Z_BUF_ERROR ? piece - one->deflate.avail_out : 0;
}

static size_t unzstd_piece(unpacker *one, size_t packed, unsigned char *into, size_t piece)
{
    ZSTD_inBuffer in = {.src = one->packed, .size = packed};
    ZSTD_outBuffer out = {.dst = into, .size = piece};
    size_t left = 1;

    ZSTD_DCtx_reset(one->zstd, ZSTD_reset_session_only);
    while (left && !ZSTD_isError(left) && out.pos < out.size) {
        size_t in_before = in.pos, out_before = out.pos;
        left = ZSTD_decompressStream(one->zstd, &out, &in);
        if (in.pos == in_before && out.pos == out_before)
            break;
    }
    return ZSTD_isError(left) ? 0 : out.pos;
}

static bool unpack(const disk_unpackers *pool, unpacker *one, size_t packed, unsigned char *into, size_t want,
                   lima_err *err)
{
    size_t got = pool->packing == DISK_ZSTD ? unzstd_piece(one, packed, into, pool->piece)
                                            : inflate_piece(one, packed, into, pool->piece);

    return got >= want || lima_err_set(err, LIMA_CODE_DATA_LOSS, "a compressed part of it is damaged");
}

bool disk_unpack(disk_unpackers *pool, const lima_disk *disk, uint64_t place, size_t packed, size_t within,
                 void *into, size_t len, lima_err *err)
{
    bool direct = !within && len == pool->piece;
    unpacker *one = packed <= pool->packed_max ? take(pool, err) : NULL;

    if (!one)
        return packed <= pool->packed_max
               || lima_err_set(err, LIMA_CODE_DATA_LOSS, "a compressed part of it is too long");
    bool ok = disk_read_part(disk, place, 0, one->packed, packed, err)
              && unpack(pool, one, packed, direct ? into : one->piece, within + len, err);
    if (ok && !direct)
        memcpy(into, one->piece + within, len);
    give_back(pool, one);
    return ok;
}

void disk_unpackers_free(disk_unpackers *pool)
{
    if (!pool)
        return;
    for (unpacker *one = pool->idle, *next; one; one = next) {
        next = one->next;
        free_unpacker(one);
    }
    lima_monitor_free(pool->monitor);
    free(pool);
}
