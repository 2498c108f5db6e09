#include "image/disk_cache.h"

#include <stdlib.h>

#include "base/mem.h"
#include "os/thread.h"

enum { SLOTS_MIN = 2, SLOTS_MAX = 256 /* they are looked through one by one */ };

typedef struct slot {
    uint64_t offset; /* of the table in the file; 0: empty */
    uint64_t used;   /* when, in turns */
    unsigned char *table;
} slot;

struct disk_cache {
    size_t table_bytes, count;
    lima_monitor *monitor;
    slot *slots;
    uint64_t turn;
};

static size_t slots_for(size_t table_bytes, size_t memory)
{
    size_t fit = memory / table_bytes;

    return fit < SLOTS_MIN ? SLOTS_MIN : fit < SLOTS_MAX ? fit : SLOTS_MAX;
}

disk_cache *disk_cache_new(size_t table_bytes, size_t memory)
{
    disk_cache *cache = lima_mem_zalloc(1, sizeof *cache);

    cache->table_bytes = table_bytes;
    cache->count = slots_for(table_bytes, memory);
    cache->slots = lima_mem_zalloc(cache->count, sizeof *cache->slots);
    cache->monitor = lima_monitor_new();
    return cache;
}

/* The one at `offset`, else the one that was used longest ago. */
static slot *slot_for(disk_cache *cache, uint64_t offset)
{
    slot *oldest = &cache->slots[0];

    for (size_t i = 0; i < cache->count; i++) {
        slot *at = &cache->slots[i];
        if (at->offset == offset)
            return at;
        if (at->used < oldest->used)
            oldest = at;
    }
    return oldest;
}

const unsigned char *disk_cache_enter(disk_cache *cache, const lima_disk *disk, uint64_t offset,
                                      lima_err *err)
{
    lima_monitor_enter(cache->monitor);
    slot *at = slot_for(cache, offset);
    if (!at->table)
        at->table = lima_mem_zalloc(cache->table_bytes, 1);
    if (at->offset != offset) {
        at->offset = 0; /* what is half read is nobody's */
        if (!disk_read_part(disk, offset, 0, at->table, cache->table_bytes, err))
            return NULL;
        at->offset = offset;
    }
    at->used = ++cache->turn;
    return at->table;
}

void disk_cache_leave(disk_cache *cache)
{
    lima_monitor_leave(cache->monitor);
}

void disk_cache_free(disk_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < cache->count; i++)
        free(cache->slots[i].table);
    free(cache->slots);
    lima_monitor_free(cache->monitor);
    free(cache);
}
