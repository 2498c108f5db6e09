/* What a format has to do. `state` is its own; the rest is filled when `open` is called. */
#pragma once

#include "image/disk.h"
#include "os/file.h"

enum { DISK_HEAD_BYTES = 512 }; /* what a probe is shown */

typedef struct disk_format disk_format;

struct lima_disk {
    const disk_format *format;
    char *path;
    lima_file *file;
    uint64_t file_size;
    lima_disk_info info; /* open fills size and unit */
    uint32_t piece;      /* bytes; open fills it: `read` is never asked across a multiple of it */
    void *state;
};

struct disk_format {
    lima_disk_format id;
    const char *name;
    bool (*probe)(const unsigned char *head, size_t len); /* len may be less than DISK_HEAD_BYTES */
    /* Not of this format: INVALID_ARGUMENT. On failure nothing of it is left. */
    bool (*open)(lima_disk *disk, lima_err *err);
    /* Need not look at the end of the disk. */
    bool (*map)(lima_disk *disk, uint64_t offset, lima_disk_extent *ret, lima_err *err);
    bool (*read)(lima_disk *disk, uint64_t offset, void *into, size_t len, lima_err *err);
    /* NULL or: what opening did not look at, and reading the whole disk does not either. */
    bool (*check)(lima_disk *disk, lima_err *err);
    void (*close)(lima_disk *disk);
};

extern const disk_format DISK_RAW, DISK_QCOW2, DISK_VMDK, DISK_VHD, DISK_VHDX;

bool disk_is_fixed_vhd(const lima_disk *disk); /* whether all says so: it has no mark at its beginning */

/* All of it from the file. DATA_LOSS: it ends before. */
bool disk_read_file(const lima_disk *disk, uint64_t offset, void *into, size_t len, lima_err *err);
/* The same, of a part that begins at `place`, from `within` it on. What of it lies behind the end of the file reads as zeros, as
 * long as its beginning does not. */
bool disk_read_part(const lima_disk *disk, uint64_t place, uint64_t within, void *into, size_t len,
                    lima_err *err);
