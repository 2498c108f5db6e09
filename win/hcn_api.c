#include "hcn_api.h"

#include "dll.h"

static hcn_api api;

#define API hcn_api
static const lima_win_dll_function functions[] = {HCN_FUNCTIONS(LIMA_WIN_DLL_FUNCTION)};

static lima_win_dll dll = {
    .file = L"computenetwork.dll",
    .missing = LIMA_WIN_FEATURE_MISSING,
    .functions = functions,
    .count = sizeof functions / sizeof functions[0],
    .table = &api,
    .lock = SRWLOCK_INIT,
};

const hcn_api *lima_win_hcn(lima_err *err)
{
    return lima_win_dll_load(&dll, err) ? &api : NULL;
}

/* Not linked: ole32 would be loaded at the start of every program, and few ever get here. */
void lima_win_hcn_free(PWSTR text)
{
    typedef void(WINAPI * free_fn)(void *);

    if (!text)
        return;
    free_fn give_back = (free_fn)lima_win_dll_system(L"ole32.dll", "CoTaskMemFree");
    if (give_back)
        give_back(text);
}
