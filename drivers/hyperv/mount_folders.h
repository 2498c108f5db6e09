/* The folders of mounts.h on this computer. */
#pragma once

#include "hyperv/mounts.h"

/* Makes those that are not there. Names the mount that Windows' server cannot share: a file, a folder on a network
 * drive, one that cannot be made. */
bool lima_hyperv_mount_folders(const hyperv_mounts *mounts, lima_err *err);
