#include "state_folder.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/path.h"

char *state_folder_path(const char *name, lima_err *err)
{
    const char *folder = getenv("WSLSIM_STATE");
    if (!folder || !*folder) {
        lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                     "WSLSIM_STATE names no folder of the wsl.exe stand-in");
        return NULL;
    }
    return lima_path_join(folder, name);
}
