/* Where each DLL begins, and where it looks what the program has left. */
#include "objects.h"

#ifndef DLL_NAME
#error "DLL_NAME names the DLL"
#endif

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved);

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved)
{
    (void)self, (void)reserved;
    if (reason == DLL_PROCESS_DETACH)
        objects_report(DLL_NAME);
    return TRUE;
}
