#include "wsl2/guest_run.h"

#include <stdlib.h>

#include "base/mem.h"
#include "wsl2/argv.h"

bool lima_wsl2_guest_run(const wsl2_guest_run *guest, wsl2_said *ret, lima_err *err)
{
    lima_strv argv = {0};
    char *what = lima_mem_printf("distribution '%s': %s", guest->distro, guest->action);
    wsl2_run run = {.argv = &argv,
                    .what = what,
                    .limit_ms = guest->limit_ms ? guest->limit_ms : WSL2_LAUNCH_MS,
                    .wake = guest->wake,
                    .feed = guest->feed,
                    .feed_arg = guest->feed_arg,
                    .retry = guest->retry};

    *ret = (wsl2_said){0};
    bool ok =
        (guest->script ? lima_wsl2_argv_sh(guest->exe, guest->distro, guest->script, guest->args, &argv, err)
                       : lima_wsl2_argv_sh_stdin(guest->exe, guest->distro, &argv, err))
        && lima_wsl2_run(&run, ret, err);
    lima_strv_free(&argv);
    free(what);
    return ok;
}
