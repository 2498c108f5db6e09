/* What the operations on snapshots share: the instance at rest, the files, one snapshot by its tag. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "driver/driver.h"
#include "os/file.h"
#include "wsl2/detach.h"
#include "wsl2/look.h"
#include "wsl2/snapshot_index.h"

/* {0} is empty and freeable. */
typedef struct wsl2_store {
    const lima_instance *inst;
    lima_wake *wake;
    char *exe;
    wsl2_look look;
    lima_file_lock *lock;
    wsl2_detach detach; /* borrows from the others: the store must not move */
} wsl2_store;

/* Makes sure that the distribution exists and does not run (FAILED_PRECONDITION), and clears away what a
 * killed operation left. `ret` is filled in place. */
bool lima_wsl2_store_open(lima_call *call, wsl2_store *ret, lima_err *err);
void lima_wsl2_store_close(wsl2_store *store);

char *lima_wsl2_store_path(const wsl2_store *store, const char *name); /* of INSTDIR; owned */
/* NOT_FOUND: no snapshot of that tag; DATA_LOSS: its data is missing or has another size. */
bool lima_wsl2_store_find(const lima_instance *inst, const char *tag, wsl2_snapshot *ret, lima_err *err);
bool lima_wsl2_store_check_space(const wsl2_store *store, uint64_t bytes, lima_err *err);

bool lima_wsl2_snapshot_create(lima_call *call, const char *tag, lima_err *err); /* snapshot_create.c */
bool lima_wsl2_snapshot_apply(lima_call *call, const char *tag, lima_err *err);  /* snapshot_apply.c */

/* A disk that an apply had put aside, if its work was broken off before it had succeeded: puts it back.
 * *ret_done: there was one. `detach`: waits until WSL lets go of the disk in place; NULL: there is none in
 * place. */
bool lima_wsl2_snapshot_recover(const lima_instance *inst, const wsl2_detach *detach, bool *ret_done,
                                lima_err *err);
/* The temporary distribution and files of a broken-off apply. */
bool lima_wsl2_snapshot_clear(const lima_instance *inst, const char *exe, lima_wake *wake, lima_err *err);
