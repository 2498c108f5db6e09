#include "hcs_api.h"

#include "dll.h"

static hcs_api api;

#define API hcs_api
static const lima_win_dll_function functions[] = {HCS_FUNCTIONS(LIMA_WIN_DLL_FUNCTION)};

static lima_win_dll dll = {
    .file = L"computecore.dll",
    .missing = LIMA_WIN_FEATURE_MISSING,
    .functions = functions,
    .count = sizeof functions / sizeof functions[0],
    .table = &api,
    .lock = SRWLOCK_INIT,
};

const hcs_api *lima_win_hcs(lima_err *err)
{
    return lima_win_dll_load(&dll, err) ? &api : NULL;
}
