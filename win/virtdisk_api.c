#include "virtdisk_api.h"

#include "dll.h"

static vhd_api api;

#define API vhd_api
static const lima_win_dll_function functions[] = {VHD_FUNCTIONS(LIMA_WIN_DLL_FUNCTION)};

static lima_win_dll dll = {
    .file = L"virtdisk.dll",
    .missing = "this Windows cannot handle virtual disks; use a full edition of Windows 10 or 11",
    .functions = functions,
    .count = sizeof functions / sizeof functions[0],
    .table = &api,
    .lock = SRWLOCK_INIT,
};

const vhd_api *lima_win_vhd(lima_err *err)
{
    return lima_win_dll_load(&dll, err) ? &api : NULL;
}
