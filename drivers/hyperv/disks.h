/* The disks of an instance as files: made, grown, found and lent to its VM (facts: hyperv-hcs 4.3, 8;
 * lima-driver-contract 5).
 *
 * Where the data is:
 *     INSTDIR/disk.vhdx              the main disk, made once from what limactl downloaded
 *     INSTDIR/image (2.0: basedisk)  that download; once disk.vhdx is there a line of text in its place,
 *                                    without which limactl would download it again before every start
 *     INSTDIR/iso                    the download, if it is an installation medium; the disk is then empty
 *     _disks/NAME/datadisk           an additional disk as limactl made or imported it: read, never written
 *     _disks/NAME/datadisk.vhdx      the same disk from its first start here on: THE DATA LIVES HERE then
 *     _disks/NAME/datadisk.vhdx.json what that was made from, and whether it was written to since
 * If `datadisk` changes later (another driver used it, `limactl disk resize`): one that has only grown makes
 * datadisk.vhdx grow; else datadisk.vhdx is made anew if no VM has written to it; else both have data that
 * the other one lacks, and the start is refused until the user has said which one counts, by removing the
 * other. Without a `datadisk` the VHDX alone does.
 *
 * All of a disk's making happens under another name and ends in one rename, so whatever is killed is begun
 * anew. The caller holds lima_hyperv_lock (snapshots.h). Progress goes to the log. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/instance.h"
#include "os/thread.h"

/* Makes the main disk, of the configured size, unless it is there. NOT_FOUND: no image. INVALID_ARGUMENT,
 * DATA_LOSS, FAILED_PRECONDITION: an image that is none, is damaged, or needs other files; a folder that no
 * VM can have its disk in (lima_hyperv_disks_check). RESOURCE_EXHAUSTED: the host's disk is full. */
bool lima_hyperv_disks_create(const lima_instance *inst, lima_wake *wake, lima_err *err);

/* Absolute paths; {0} is empty and freeable. */
typedef struct hyperv_disks {
    char *disk;        /* owned, as the others; NULL: there is none */
    char *iso;         /* to install from */
    char *cidata;      /* INSTDIR/cidata.iso */
    lima_strv extras;  /* in the order of additionalDisks */
    lima_strv granted; /* all that the VM has to have access to for them: parents, too */
} hyperv_disks;

/* Before each start, after lima_hyperv_snapshots_settle: grows the main disk if the configuration did (not
 * one whose memory is to be gone on from), makes and locks additional disks, looks at all files for what
 * Windows attaches to no VM. Failures name the file, the cause and what helps. On failure no additional disk
 * is locked. */
bool lima_hyperv_disks_prepare(const lima_instance *inst, lima_wake *wake, hyperv_disks *ret, lima_err *err);
void lima_hyperv_disks_free(hyperv_disks *disks);

/* Lets the VM (its id) use files; also for the others of a start: kernel, initrd, .vmgs, .vmrs. */
bool lima_hyperv_disks_grant(const char *vm, const lima_strv *files, lima_wake *wake, lima_err *err);
/* When the VM is gone: additional disks are unlocked, and access to them is taken back. What is in INSTDIR
 * goes with it. Troubles are logged. */
void lima_hyperv_disks_release(const lima_instance *inst, const char *vm);

/* FAILED_PRECONDITION: `path` (a file or folder) lies where, or is how, no VM can have it: on a network
 * share, on FAT, compressed, encrypted; a file also: sparse, read-only. NOT_FOUND. */
bool lima_hyperv_disks_check(const char *path, lima_err *err);
