/* A disk image of any format as a new VHDX file. */
#pragma once

#include "image/disk_sweep.h"
#include "image/vhdx_write.h"

typedef struct lima_convert_desc {
    const char *from;
    lima_disk_format format; /* of `from` */
    const char *to; /* must not exist; is there only when all of it is, and then also after a power cut */
    /* size 0: the disk's, filled up to a whole sector; more: the rest is zero; less: INVALID_ARGUMENT. Sectors 0: 512 and
     * 4096. */
    lima_vhdx_desc shape;
    /* as in lima_sweep */
    unsigned threads;
    lima_wake *cancel;
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *context;
} lima_convert_desc;

/* Blocks until done. Memory: LIMA_DISK_MEMORY, the writer's, and a unit of the source twice for each thread. While it works the
 * image is in "TO.new", which is removed on failure, and replaced if it is there from a try that was killed. */
bool lima_convert(const lima_convert_desc *desc, lima_err *err);
