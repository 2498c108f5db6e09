/* Services are there when their feature is, so nobody who may list features (administrators) need be asked. */
#include "rights_machine.h"

#include <windows.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <stdlib.h>

#include "base/mem.h"
#include "dll.h"

enum { CPUID_HYPERVISOR_BIT = 31, FIRMWARE_FEATURE = 21 /* PF_VIRT_FIRMWARE_ENABLED */, CONFIG_BYTES = 8192 };

static bool hypervisor_runs(void)
{
#if defined(__x86_64__)
    unsigned a, b, c = 0, d;
    return __get_cpuid(1, &a, &b, &c, &d) && c >> CPUID_HYPERVISOR_BIT & 1;
#else
    return true; /* this cannot be told here; HCS will say */
#endif
}

static uint32_t windows_build(void)
{
    typedef LONG(WINAPI * version_fn)(RTL_OSVERSIONINFOW *);
    version_fn get = (version_fn)lima_win_dll_system(L"ntdll.dll", "RtlGetVersion");
    RTL_OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};

    return !get || get(&version) ? 0 : version.dwBuildNumber;
}

static bool is_disabled(SC_HANDLE service)
{
    QUERY_SERVICE_CONFIGW *config = lima_mem_zalloc(1, CONFIG_BYTES);
    DWORD needed = 0;
    bool disabled = QueryServiceConfigW(service, config, CONFIG_BYTES, &needed)
                    && config->dwStartType == SERVICE_DISABLED;

    free(config);
    return disabled;
}

static lima_rights_service state_of(SC_HANDLE service)
{
    SERVICE_STATUS status;

    if (!QueryServiceStatus(service, &status))
        return LIMA_RIGHTS_SERVICE_UNKNOWN;
    if (status.dwCurrentState != SERVICE_STOPPED && status.dwCurrentState != SERVICE_STOP_PENDING)
        return LIMA_RIGHTS_SERVICE_RUNS;
    return is_disabled(service) ? LIMA_RIGHTS_SERVICE_DISABLED : LIMA_RIGHTS_SERVICE_STOPPED;
}

static lima_rights_service look_at_service(SC_HANDLE manager, const wchar_t *name)
{
    SC_HANDLE service = OpenServiceW(manager, name, SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG);

    if (!service)
        return GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST ? LIMA_RIGHTS_NO_SERVICE
                                                              : LIMA_RIGHTS_SERVICE_UNKNOWN;
    lima_rights_service state = state_of(service);
    CloseServiceHandle(service);
    return state;
}

void lima_win_rights_machine(lima_rights *into)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);

    into->vmcompute = into->hns = LIMA_RIGHTS_SERVICE_UNKNOWN;
    if (manager) {
        into->vmcompute = look_at_service(manager, L"vmcompute");
        into->hns = look_at_service(manager, L"hns");
        CloseServiceHandle(manager);
    }
    into->build = windows_build();
    into->hypervisor = hypervisor_runs();
    into->firmware = IsProcessorFeaturePresent(FIRMWARE_FEATURE);
    into->computecore = lima_win_dll_is_there(L"computecore.dll");
    into->computenetwork = lima_win_dll_is_there(L"computenetwork.dll");
    into->virtdisk = lima_win_dll_is_there(L"virtdisk.dll");
}
