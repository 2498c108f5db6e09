/* Where programs of tests take computecore.dll, computenetwork.dll and virtdisk.dll from: the folder LIMA_HCS_DLLS, if it
 * is set. Linked in place of win/dll_folder.c, by naming the library test_hcs_dlls; nothing that ships knows this. */
#include "dll.h"

#include "os/host.h"

char *lima_win_dll_folder(void)
{
    return lima_env_get("LIMA_HCS_DLLS");
}
