/* Quiet lists and version of wsl.exe: the two outputs whose form never changed (facts: wsl.md 1.6). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

enum { WSL2_LIST_MAX = 4096 }; /* names in a list */

/* Output of `--list --quiet` or `--list --running --quiet` that ended with 0: raw bytes. One name per line.
 * A line that is no distribution name (facts 1.3) and not one of `known` (names from the registry; may be
 * NULL) means that this is no list: UNKNOWN, quoting it. Nothing at all is an empty list. */
bool lima_wsl2_listing_names(const void *bytes, size_t len, const lima_strv *known, lima_strv *ret_names,
                             lima_err *err);
/* Names compare without case, as wsl.exe looks them up. */
bool lima_wsl2_listing_has(const lima_strv *names, const char *name);

typedef struct wsl2_version {
    uint32_t part[4]; /* 2.6.1.0 */
} wsl2_version;

/* Raw output of `--version`, or the registry's MSI\Version: the first dotted number. NOT_FOUND: none, as old
 * in-box ones answer with their usage. */
bool lima_wsl2_version_parse(const void *bytes, size_t len, wsl2_version *ret, lima_err *err);
int lima_wsl2_version_cmp(wsl2_version a, wsl2_version b); /* <0, 0, >0 */
