/* A new dynamic VHDX file, written in any order and by several threads.
 *
 * Until lima_vhdx_finish has returned true the file is none: its headers are written last, so that one that was cut short is
 * refused by everybody. What was not written reads as zeros. No sparse file is made (Hyper-V attaches none).
 * Memory: 8 bytes for each block, of which there are 2^20 at most. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef struct lima_vhdx_desc {
    uint64_t size;     /* of the disk, bytes: a multiple of `sector`, above 0, up to 64 TiB */
    uint32_t sector;   /* 512 or 4096: what the guest sees as logical */
    uint32_t physical; /* 512 or 4096 */
    /* names the disk for its life, a GUID; distinct disks have distinct ones. All zero: a new one is made */
    unsigned char id[16];
} lima_vhdx_desc;

typedef struct lima_vhdx_writer lima_vhdx_writer;

/* `path` must not exist. INVALID_ARGUMENT: the description. */
bool lima_vhdx_create(const char *path, const lima_vhdx_desc *desc, lima_vhdx_writer **ret, lima_err *err);

/* Within the disk. Any thread; the same byte once. RESOURCE_EXHAUSTED: the host's disk is full. */
bool lima_vhdx_write(lima_vhdx_writer *writer, uint64_t offset, const void *bytes, size_t len, lima_err *err);

/* Writes tables and headers. Nobody else may use the writer any more; it is freed in any case, and the file is removed
 * on failure. */
bool lima_vhdx_finish(lima_vhdx_writer *writer, lima_err *err);

/* Closes and removes the file. NULL does nothing. */
void lima_vhdx_abandon(lima_vhdx_writer *writer);
