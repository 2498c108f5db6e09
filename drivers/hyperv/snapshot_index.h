/* The tree of an instance's snapshots, as one file has it: INSTDIR/hyperv.snapshots.json, replaced whole. It
 * also says what operation is under way, so that one that was broken off can be finished or taken back
 * (snapshot_plan.h).
 *
 * The instance runs on disk.vhdx. A snapshot is a disk that was put aside, with the next disk as its child:
 *     hyperv.snapshot.FILE.vhdx   the disk, which nobody writes to any more
 *     hyperv.snapshot.FILE.vmgs   the firmware's variables and the TPM then
 *     hyperv.snapshot.FILE.vmrs   memory and devices of the running VM     (live snapshots)
 *     hyperv.snapshot.FILE.json   the document of that VM                  (live snapshots)
 * FILE comes from the tag (lima_snapshot_file_stem). A snapshot that was deleted while several disks stand on
 * its own stays as a hidden one, without a tag. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/driver.h"

#define HYPERV_INDEX_FILE "hyperv.snapshots.json"
#define HYPERV_DISK_FILE "disk.vhdx"
#define HYPERV_GUEST_STATE_FILE "hyperv.vmgs"
#define HYPERV_DOCUMENT_FILE "hyperv.document.json" /* of the VM that runs, or ran last */
#define HYPERV_SNAPSHOT_PREFIX "hyperv.snapshot."
/* Being made; of no worth without an operation under way. */
#define HYPERV_NEW_DISK_FILE "hyperv.new.vhdx"
#define HYPERV_NEW_GUEST_STATE_FILE "hyperv.new.vmgs"

/* A chain of disks that is longer gets slow. */
enum { HYPERV_SNAPSHOTS_MAX = 256, HYPERV_INDEX_BYTES_MAX = 512 * 1024 };

typedef enum hyperv_snapshot_kind {
    HYPERV_SNAPSHOT_DISK = 0,
    HYPERV_SNAPSHOT_LIVE, /* with memory */
} hyperv_snapshot_kind;

/* {0} is empty and freeable. Strings are owned; NULL counts as "". */
typedef struct hyperv_snapshot {
    char *tag;    /* "": hidden */
    char *file;   /* never "" in an index */
    char *parent; /* the `file` of the one it stands on; "": the disk is the first one */
    hyperv_snapshot_kind kind;
    int64_t created; /* seconds since 1970-01-01 UTC */
    uint64_t disk_size, state_size;
    bool guest_state; /* has a .vmgs */
} hyperv_snapshot;

typedef enum hyperv_snapshot_op {
    HYPERV_OP_NONE = 0,
    HYPERV_OP_CREATE,
    HYPERV_OP_APPLY,
    HYPERV_OP_REMOVE,
} hyperv_snapshot_op;

/* {0} is an instance without snapshots. Strings are owned; NULL counts as "". */
typedef struct hyperv_snapshot_index {
    hyperv_snapshot *items;
    size_t len;
    char *folder;  /* INSTDIR when it was written: another one means that limactl has copied the instance */
    char *current; /* the `file` that disk.vhdx stands on */
    char *resume;  /* the `file` whose memory a running VM's apply goes on from; "": it boots */
    hyperv_snapshot_op op;
    bool forward;         /* once begun it is to be finished, not taken back */
    char *op_file;        /* APPLY, REMOVE: whose */
    hyperv_snapshot made; /* CREATE: what is being made */
} hyperv_snapshot_index;

char *lima_hyperv_index_print(const hyperv_snapshot_index *index); /* owned */
/* DATA_LOSS naming the key: broken, or references that lead nowhere; UNIMPLEMENTED: of a newer driver. */
bool lima_hyperv_index_parse(const char *text, size_t len, hyperv_snapshot_index *ret, lima_err *err);
/* No string of the copy is NULL. */
void lima_hyperv_index_copy(const hyperv_snapshot_index *index, hyperv_snapshot_index *ret);
void lima_hyperv_index_free(hyperv_snapshot_index *index);

void lima_hyperv_snapshot_copy(const hyperv_snapshot *snapshot, hyperv_snapshot *ret);
void lima_hyperv_snapshot_free(hyperv_snapshot *snapshot);

/* By tag, or by file (which may be NULL); NULL: none. */
const hyperv_snapshot *lima_hyperv_index_find(const hyperv_snapshot_index *index, const char *tag);
const hyperv_snapshot *lima_hyperv_index_at(const hyperv_snapshot_index *index, const char *file);
/* Disks that stand on it: of snapshots, and disk.vhdx. */
size_t lima_hyperv_index_children(const hyperv_snapshot_index *index, const char *file);

/* "hyperv.snapshot.FILE.END"; owned. */
char *lima_hyperv_snapshot_name(const char *file, const char *end);
