#include "wsl2/child_way.h"

#include "wsl2/argv.h"
#include "wsl2/wsl_exe.h"

bool lima_wsl2_child_way(const lima_strv *argv, lima_way *ret, lima_err *err)
{
    lima_process *child = NULL;
    lima_process_desc desc = {.argv = lima_strv_items(argv),
                              .env_add = lima_wsl2_environment(),
                              .in = LIMA_PROCESS_PIPE,
                              .out = LIMA_PROCESS_PIPE};

    if (!lima_process_start(&desc, &child, err))
        return false;
    *ret = lima_way_of_child(child);
    return true;
}
