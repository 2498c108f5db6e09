/* Snapshot tags and lists. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "driver/driver.h"

/* 1 to LIMA_CONTROL_TAG_MAX bytes of [A-Za-z0-9._-], the first a letter or digit: a tag is a word for every
 * tool it meets, and never an option. */
bool lima_snapshot_check_tag(const char *tag, lima_err *err);
/* For files of a snapshot: the tag in lower case, '-', and 8 hex digits of its SHA-256. Tags that differ only
 * in case have different files on NTFS, and no tag becomes a reserved name. Owned. */
char *lima_snapshot_file_stem(const char *tag);
/* The text that limactl prints: a header line whose second word is TAG, then one line per snapshot whose
 * second word is the tag (facts: lima-driver-contract 3.5, ListSnapshots). Owned. */
char *lima_snapshot_list_text(const lima_snapshot_list *list);
