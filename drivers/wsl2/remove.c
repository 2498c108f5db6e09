/* How it works: WSL deletes the disk with the registration, and most of the litter; the rest is removed by
 * the paths that the registry named before. A disk without registration goes with the folder, which
 * limactl removes. Without wsl.exe a registration cannot be taken away: then removing fails and says so,
 * unless there is none. */
#include "wsl2/remove.h"

#include <stdlib.h>

#include "base/log.h"
#include "os/file.h"
#include "wsl2/create.h"
#include "wsl2/snapshot_store.h"
#include "wsl2/wsl_exe.h"

static bool is_ours(wsl2_kinship kin)
{
    return kin == WSL2_KIN_OURS || kin == WSL2_KIN_NO_DISK || kin == WSL2_KIN_UNFINISHED
           || kin == WSL2_KIN_NOT_WSL2;
}

static bool unregister(const lima_instance *inst, const wsl2_look *look, lima_wake *wake, lima_err *err)
{
    char *exe = NULL;
    bool ok = lima_wsl2_exe_find(&exe, err) && lima_wsl2_snapshot_clear(inst, exe, wake, err)
              && lima_wsl2_unregister(exe, look, wake, err);

    free(exe);
    return ok;
}

/* WSL holds disks of its VM open; a file that cannot be removed would break limactl's removal of the
 * folder. */
static bool remove_disk(const wsl2_look *look, lima_err *err)
{
    return look->kin == WSL2_KIN_FOREIGN || lima_file_remove(look->own_disk, err);
}

bool lima_wsl2_remove(lima_call *call, lima_err *err)
{
    wsl2_look look = {0};
    bool ok = lima_wsl2_look(lima_call_instance(call), &look, err);

    if (ok && look.kin == WSL2_KIN_FOREIGN)
        lima_log_warn("distribution '%s' lies in '%s': it is not this instance's and stays", look.distro,
                      look.registration.base_path ? look.registration.base_path : "?");
    if (ok && is_ours(look.kin)) {
        ok = unregister(lima_call_instance(call), &look, lima_call_wake(call), err);
        if (ok)
            lima_wsl2_remove_litter(&look);
    }
    ok = ok && remove_disk(&look, err);
    lima_wsl2_look_free(&look);
    return ok;
}
