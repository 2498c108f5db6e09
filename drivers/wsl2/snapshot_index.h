/* Snapshots on disk: per snapshot one data file and one small JSON file that is written last, both in
 * INSTDIR:
 *     wsl2.snapshot.STEM.vhdx  or  wsl2.snapshot.STEM.tar
 *     wsl2.snapshot.STEM.json
 * A data file without its JSON file is a leftover. STEM: lima_snapshot_file_stem. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/driver.h"

#define WSL2_SNAPSHOT_PREFIX "wsl2.snapshot."
enum { WSL2_SNAPSHOT_JSON_MAX = 64 * 1024, WSL2_SNAPSHOTS_MAX = 1024 };

typedef enum wsl2_snapshot_kind {
    WSL2_SNAPSHOT_VHDX = 0, /* a copy of the disk */
    WSL2_SNAPSHOT_TAR,      /* an export */
} wsl2_snapshot_kind;

/* {0} is empty and freeable. */
typedef struct wsl2_snapshot {
    char *tag; /* owned */
    wsl2_snapshot_kind kind;
    uint64_t size;   /* bytes of the data file: another size means that it is damaged */
    int64_t created; /* seconds since 1970-01-01 UTC */
    char guid[37];   /* of the distribution then; "" unknown */
} wsl2_snapshot;

/* File names, without folder; owned. */
char *lima_wsl2_snapshot_data_name(const char *tag, wsl2_snapshot_kind kind);
char *lima_wsl2_snapshot_json_name(const char *tag);

char *lima_wsl2_snapshot_print(const wsl2_snapshot *snapshot); /* owned */
/* `name`: the file's name, which has to be that of the tag inside (else a renamed file would pass for another
 * snapshot). INVALID_ARGUMENT naming file and key; UNIMPLEMENTED for one of a newer driver. */
bool lima_wsl2_snapshot_parse(const char *json, size_t len, const char *name, wsl2_snapshot *ret,
                              lima_err *err);
void lima_wsl2_snapshot_free(wsl2_snapshot *snapshot);

/* The names in INSTDIR (lima_dir_list) sorted out: JSON files, and data files whose JSON file is not there.
 * */
void lima_wsl2_snapshot_files(const lima_strv *names, lima_strv *ret_json, lima_strv *ret_leftovers);
/* Sorted by time, then tag, for limactl. id is "". */
void lima_wsl2_snapshot_sort(lima_snapshot_list *list);
