/* The two functions that libslirp wants of iphlpapi.dll. A program that imports that DLL takes the one that lies beside
 * it; this takes the one of System32. */
#include <winsock2.h>

#include <windows.h>

#include <iphlpapi.h>

typedef DWORD(WINAPI *network_params)(PFIXED_INFO, PULONG);

DWORD WINAPI GetNetworkParams(PFIXED_INFO info, PULONG size)
{
    HMODULE dll = LoadLibraryExW(L"iphlpapi.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    network_params call = dll ? (network_params)(void *)GetProcAddress(dll, "GetNetworkParams") : NULL;
    DWORD result = call ? call(info, size) : ERROR_NOT_SUPPORTED;

    if (dll)
        FreeLibrary(dll);
    return result;
}

/* For IPv6 only, which we do not have. */
ULONG WINAPI GetAdaptersAddresses(ULONG family, ULONG flags, PVOID reserved, PIP_ADAPTER_ADDRESSES addresses,
                                  PULONG size)
{
    (void)family, (void)flags, (void)reserved, (void)addresses, (void)size;
    return ERROR_NOT_SUPPORTED;
}
