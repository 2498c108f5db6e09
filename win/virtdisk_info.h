/* What virtdisk.dll tells of a disk. */
#pragma once

#include "virtdisk.h"
#include "virtdisk_api.h"

/* Opens with the access that goes with the version of `how`. A file that others keep open is tried again for
 * LIMA_WIN_RETRY_MS. 0 or the error. */
DWORD lima_win_vhd_open(const vhd_api *api, PCWSTR path, const vhd_open *how, int flags, HANDLE *ret);
/* Everything, of a disk whose parents cannot be opened too. 0 or the error. */
DWORD lima_win_vhd_read(const vhd_api *api, PCWSTR path, lima_virtdisk *ret);
DWORD lima_win_vhd_size(const vhd_api *api, HANDLE disk, lima_virtdisk *into);
extern const vhd_type lima_win_vhd_type;
