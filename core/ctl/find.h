/* Where drivers are: the folders limactl would search, in its order, and limadrv's own (facts:
 * lima-driver-contract 1.1-1.3). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"

enum { LIMA_FIND_FOLDER_MAX = 10000 }; /* entries looked at in one folder */

typedef struct lima_found {
    char *name;     /* what limactl calls it */
    char *path;     /* as limactl would run it */
    char *source;   /* why it was looked at: "LIMA_DRIVERS_PATH", "limactl", "limadrv" */
    char *unusable; /* NULL, or why limactl does not take it */
    char *alias;    /* NULL, or the name under which a stock limactl would take this program */
    bool seen;      /* a limactl looks there (false: only limadrv does) */
} lima_found;

typedef struct lima_found_list {
    lima_found *items;
    size_t len;
    lima_strv warnings; /* folders that cannot be read, as sentences */
} lima_found_list;

/* All drivers, usable or not, in search order. Folders that are missing or unreadable become warnings, as in
 * limactl. */
void lima_find_drivers(lima_found_list *ret);
void lima_found_list_free(lima_found_list *list);

/* A driver program by path (when `name` has a separator) or by name as lima_find_drivers finds it, shadowed
 * ones included. Owned, absolute. NOT_FOUND with the places looked at. */
bool lima_find_driver(const char *name, char **ret_path, lima_err *err);

/* The same, but a program beside limadrv itself (its folder, ../libexec/lima, ../lib/lima) comes before all
 * others: what was built or installed together belongs together. */
bool lima_find_driver_beside(const char *name, char **ret_path, lima_err *err);
