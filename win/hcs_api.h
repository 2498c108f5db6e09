/* computecore.dll as it is exported (facts hyperv-hcs.md 2.2). Declared here and not taken from MinGW-w64, whose headers
 * differ from version to version. */
#pragma once

#include <stddef.h>
#include <windows.h>

#include "base/err.h"
#include "dll.h"

typedef struct hcs_operation_object *hcs_operation;
typedef struct hcs_system_object *hcs_handle;

enum { HCS_EVENT_EXITED = 1, HCS_EVENT_CRASH_REPORT = 3, HCS_EVENT_DISCONNECT = 0x02000000 };

typedef struct hcs_event {
    int type; /* others than those above come too */
    PCWSTR data;
    hcs_operation operation;
} hcs_event;

typedef void(CALLBACK *hcs_event_callback)(hcs_event *event, void *context);

/* X(result, name, (parameters)) */
#define HCS_FUNCTIONS(X)                                                                                     \
    X(hcs_operation, HcsCreateOperation, (const void *, void *))                                             \
    X(void, HcsCloseOperation, (hcs_operation))                                                              \
    X(HRESULT, HcsWaitForOperationResult, (hcs_operation, DWORD, PWSTR *))                                   \
    X(HRESULT, HcsGetOperationResult, (hcs_operation, PWSTR *))                                              \
    X(HRESULT, HcsGetServiceProperties, (PCWSTR, PWSTR *))                                                   \
    X(HRESULT, HcsEnumerateComputeSystems, (PCWSTR, hcs_operation))                                          \
    X(HRESULT, HcsCreateComputeSystem, (PCWSTR, PCWSTR, hcs_operation, const void *, hcs_handle *))          \
    X(HRESULT, HcsOpenComputeSystem, (PCWSTR, DWORD, hcs_handle *))                                          \
    X(void, HcsCloseComputeSystem, (hcs_handle))                                                             \
    X(HRESULT, HcsStartComputeSystem, (hcs_handle, hcs_operation, PCWSTR))                                   \
    X(HRESULT, HcsShutDownComputeSystem, (hcs_handle, hcs_operation, PCWSTR))                                \
    X(HRESULT, HcsTerminateComputeSystem, (hcs_handle, hcs_operation, PCWSTR))                               \
    X(HRESULT, HcsPauseComputeSystem, (hcs_handle, hcs_operation, PCWSTR))                                   \
    X(HRESULT, HcsResumeComputeSystem, (hcs_handle, hcs_operation, PCWSTR))                                  \
    X(HRESULT, HcsSaveComputeSystem, (hcs_handle, hcs_operation, PCWSTR))                                    \
    X(HRESULT, HcsGetComputeSystemProperties, (hcs_handle, hcs_operation, PCWSTR))                           \
    X(HRESULT, HcsModifyComputeSystem, (hcs_handle, hcs_operation, PCWSTR, HANDLE))                          \
    X(HRESULT, HcsSetComputeSystemCallback, (hcs_handle, int, const void *, hcs_event_callback))             \
    X(HRESULT, HcsCreateEmptyGuestStateFile, (PCWSTR))                                                       \
    X(HRESULT, HcsCreateEmptyRuntimeStateFile, (PCWSTR))                                                     \
    X(HRESULT, HcsGrantVmAccess, (PCWSTR, PCWSTR))                                                           \
    X(HRESULT, HcsRevokeVmAccess, (PCWSTR, PCWSTR))

typedef struct hcs_api {
    HCS_FUNCTIONS(LIMA_WIN_DLL_MEMBER)
} hcs_api;

/* NULL: *err is set (lima_win_dll_load). */
const hcs_api *lima_win_hcs(lima_err *err);
