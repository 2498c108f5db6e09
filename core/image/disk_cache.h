/* Tables of an image, all of one size, the last used ones kept. One at a time is looked at, by whichever thread. */
#pragma once

#include "image/disk_format.h"

typedef struct disk_cache disk_cache;

/* At least two tables, however large they are. */
disk_cache *disk_cache_new(size_t table_bytes, size_t memory);

/* The table at an offset (not 0) of the file; NULL: *err. Until disk_cache_leave, which is due in both cases, nobody else
 * gets one. A table that begins in the file and ends behind it is filled with zeros. */
const unsigned char *disk_cache_enter(disk_cache *cache, const lima_disk *disk, uint64_t offset,
                                      lima_err *err);
void disk_cache_leave(disk_cache *cache);

void disk_cache_free(disk_cache *cache); /* NULL does nothing */
