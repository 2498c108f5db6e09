/* Internal to snapshot_plan: the index as it is at each stage of an operation. Every result is a new index,
 * to be freed. */
#pragma once

#include "hyperv/snapshot_plan.h"

void lima_hyperv_edit_begin_create(const hyperv_snapshot_index *index, const hyperv_snapshot_wish *wish,
                                   hyperv_snapshot_index *ret);
void lima_hyperv_edit_end_create(const hyperv_snapshot_index *index, hyperv_snapshot_index *ret);
/* The disk stands on `wanted` now; a live one is to be gone on from. */
void lima_hyperv_edit_begin_apply(const hyperv_snapshot_index *index, const hyperv_snapshot *wanted,
                                  hyperv_snapshot_index *ret);
void lima_hyperv_edit_begin_remove(const hyperv_snapshot_index *index, const hyperv_snapshot *gone,
                                   hyperv_snapshot_index *ret);
/* Nothing is under way any more. */
void lima_hyperv_edit_end(const hyperv_snapshot_index *index, hyperv_snapshot_index *ret);
/* Without that snapshot: what stood on it stands on its parent. */
void lima_hyperv_edit_drop(const hyperv_snapshot_index *index, const char *file, hyperv_snapshot_index *ret);
void lima_hyperv_edit_hide(const hyperv_snapshot_index *index, const char *file, hyperv_snapshot_index *ret);
void lima_hyperv_edit_resumed(const hyperv_snapshot_index *index, hyperv_snapshot_index *ret);
void lima_hyperv_edit_moved(const hyperv_snapshot_index *index, const char *folder,
                            hyperv_snapshot_index *ret);
/* The one snapshot that stands on it; NULL: disk.vhdx does. */
const hyperv_snapshot *lima_hyperv_edit_only_child(const hyperv_snapshot_index *index, const char *file);
