/* Snapshots of a running VM have its memory: whether that can be saved, and whether a VM can go on from it. Looked at before
 * anything is done, so that a refusal leaves the VM as it is. */
#pragma once

#include "hyperv/snapshot_index.h"

/* FAILED_PRECONDITION, RESOURCE_EXHAUSTED. */
bool lima_hyperv_snapshot_check_saveable(const lima_instance *inst, lima_err *err);
/* Of a VM that runs, whose place the one from the snapshot's memory is to take: FAILED_PRECONDITION. */
bool lima_hyperv_snapshot_check_goes_on(const lima_instance *inst, const hyperv_snapshot *wanted,
                                        lima_err *err);
