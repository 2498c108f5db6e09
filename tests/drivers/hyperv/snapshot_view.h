/* What a user can see of an instance with snapshots, read by qemu-img. */
#pragma once

#include "disks_case.h"

/* Tags with kind, parent and content, the disk's content: text; owned. Fails the test if files are missing,
 * left over, or a chain of disks is broken. */
char *snapshot_view(const lima_instance *inst);

/* The whole folder, put aside and put back in the same place. */
void snapshot_folder_keep(const lima_instance *inst);
void snapshot_folder_back(const lima_instance *inst);
