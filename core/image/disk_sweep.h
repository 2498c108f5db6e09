/* All that a disk image holds, read once, by several threads. */
#pragma once

#include "image/disk.h"
#include "os/thread.h"

enum { LIMA_SWEEP_THREADS_MAX = 8 };

typedef struct lima_sweep {
    lima_disk *disk;
    unsigned threads;  /* 0: as many as processors, up to the maximum */
    lima_wake *cancel; /* NULL or: CANCELLED when it is raised */
    /* NULL or: bytes of the disk that are done with, from the calling thread, a few times a second and at the end */
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *context; /* of `progress` */
    /* Called for each piece that is not known to be zero, by any of the threads, roughly in the order of the disk.
     * A piece is within one of the disk's units; its bytes may be changed. False: the sweep ends with *err. NULL: whether
     * all can be read is what is asked. */
    bool (*piece)(void *arg, uint64_t offset, char *bytes, size_t len, lima_err *err);
    void *arg; /* of `piece` */
} lima_sweep;

/* Blocks until done. The first failure ends it. Memory: a unit of the disk for each thread. */
bool lima_disk_sweep(const lima_sweep *sweep, lima_err *err);
