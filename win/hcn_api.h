/* computenetwork.dll as it is exported (facts hyperv-hcs.md 5.1). Strings it gives are freed by CoTaskMemFree. */
#pragma once

#include <stddef.h>
#include <windows.h>

#include "base/err.h"
#include "dll.h"

typedef void *hcn_handle;

/* X(result, name, (parameters)) */
#define HCN_FUNCTIONS(X)                                                                                     \
    X(HRESULT, HcnEnumerateNetworks, (PCWSTR, PWSTR *, PWSTR *))                                             \
    X(HRESULT, HcnOpenNetwork, (const GUID *, hcn_handle *, PWSTR *))                                        \
    X(HRESULT, HcnQueryNetworkProperties, (hcn_handle, PCWSTR, PWSTR *, PWSTR *))                            \
    X(HRESULT, HcnCloseNetwork, (hcn_handle))                                                                \
    X(HRESULT, HcnDeleteNetwork, (const GUID *, PWSTR *))                                                    \
    X(HRESULT, HcnCreateNetwork, (const GUID *, PCWSTR, hcn_handle *, PWSTR *))                              \
    X(HRESULT, HcnEnumerateEndpoints, (PCWSTR, PWSTR *, PWSTR *))                                            \
    X(HRESULT, HcnOpenEndpoint, (const GUID *, hcn_handle *, PWSTR *))                                       \
    X(HRESULT, HcnQueryEndpointProperties, (hcn_handle, PCWSTR, PWSTR *, PWSTR *))                           \
    X(HRESULT, HcnCloseEndpoint, (hcn_handle))                                                               \
    X(HRESULT, HcnDeleteEndpoint, (const GUID *, PWSTR *))                                                   \
    X(HRESULT, HcnCreateEndpoint, (hcn_handle, const GUID *, PCWSTR, hcn_handle *, PWSTR *))                 \
    X(HRESULT, HcnModifyEndpoint, (hcn_handle, PCWSTR, PWSTR *))

typedef struct hcn_api {
    HCN_FUNCTIONS(LIMA_WIN_DLL_MEMBER)
} hcn_api;

/* NULL: *err is set (lima_win_dll_load). */
const hcn_api *lima_win_hcn(lima_err *err);
void lima_win_hcn_free(PWSTR text); /* what the DLL gave; NULL does nothing */
