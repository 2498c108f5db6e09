/* VHDX files through virtdisk.dll: what core/image does not do, differencing chains above all.
 *
 * Plain C, UTF-8: tests on other hosts implement it as they like. Facts: hyperv-hcs.md 4.3, 8.1, 8.2, 8.5. Nothing
 * is attached to this computer, so access to the files is all that is needed. The VM must be off, but for
 * lima_virtdisk_get. Paths as in os/file.h.
 *
 * Waiting and threads: as hcs.h says. A call that timed out goes on (a merge writes gigabytes) and holds its files
 * until it ends: until then others find them in use.
 *
 * Errors, besides those named below: NOT_FOUND: no such file; PERMISSION_DENIED; FAILED_PRECONDITION: no
 * virtdisk.dll; somebody has the file open; it is compressed, encrypted or sparse; a parent is missing or has been
 * changed (os_code LIMA_VHD_E_…); RESOURCE_EXHAUSTED: disk full; INVALID_ARGUMENT: no VHDX. os_code is the
 * number that hresult.h knows. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/guid.h"
#include "base/strv.h"
#include "os/clock.h"
#include "os/thread.h"

typedef enum lima_virtdisk_kind {
    LIMA_VIRTDISK_OTHER = 0,
    LIMA_VIRTDISK_FIXED,
    LIMA_VIRTDISK_DYNAMIC,
    LIMA_VIRTDISK_CHILD, /* differencing: has a parent */
} lima_virtdisk_kind;

typedef struct lima_virtdisk {
    lima_virtdisk_kind kind;
    uint64_t virtual_size, physical_size; /* bytes: as the guest sees it; of this file */
    uint32_t block_size, sector_size;     /* bytes */
    char id[LIMA_GUID_SIZE];              /* changes when the content is written to; "" if not told */
    char parent_id[LIMA_GUID_SIZE];       /* CHILD: the id its parent had; "" if not told */
    /* CHILD: where the parent is; or, if it was not found, every place it was looked for at. Else empty. */
    lima_strv parents;
    bool whole; /* every parent is there and is what it was when its child was made; true without parents */
    bool attached; /* to this computer, as Explorer does. What a VM has is told by file_use.h */
} lima_virtdisk;

/* Of a disk whose parent is missing or changed, too: then `whole` is false. */
bool lima_virtdisk_get(const char *path, lima_deadline deadline, lima_wake *wake, lima_virtdisk *ret,
                       lima_err *err);
void lima_virtdisk_free(lima_virtdisk *disk); /* {0} and NULL do nothing */

/* A new file whose content is that of `parent` (absolute path), which must not change any more. ALREADY_EXISTS. */
bool lima_virtdisk_create_child(const char *path, const char *parent, lima_deadline deadline, lima_wake *wake,
                                lima_err *err);
/* Writes what the child has of its own into its parent, which must be writable. The child's file is useless
 * afterwards and for the caller to remove; when it fails or is cut short, parent and child together still are
 * what they were: merge again. */
bool lima_virtdisk_merge(const char *path, lima_deadline deadline, lima_wake *wake, lima_err *err);
/* Where the child's parent is now. Its identity is checked: LIMA_VHD_E_PARENT_ID_MISMATCH. */
bool lima_virtdisk_set_parent(const char *path, const char *parent, lima_deadline deadline, lima_wake *wake,
                              lima_err *err);
/* Likewise, and the parent's identity becomes the one that is expected: only for a parent that was merged with the one
 * of before, whose content it then has. */
bool lima_virtdisk_adopt(const char *path, const char *parent, lima_deadline deadline, lima_wake *wake,
                         lima_err *err);
/* Grows; the same size is fine, a smaller one INVALID_ARGUMENT. A parent of others is refused. */
bool lima_virtdisk_resize(const char *path, uint64_t bytes, lima_deadline deadline, lima_wake *wake,
                          lima_err *err);
