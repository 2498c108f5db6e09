#include "wsl2/detach.h"

#include <stdlib.h>

#include "base/log.h"
#include "win/file_use.h"
#include "wsl2/inspect.h"
#include "wsl2/wsl_exe.h"

enum { LOOK_MS = 500, LIST_EVERY = 10 };

/* Somebody keeps the VM alive: waiting would be in vain. */
static bool check_others(const wsl2_detach *detach, lima_err *err)
{
    lima_strv running = {0};

    if (!lima_wsl2_running_names(detach->exe, detach->known, WSL2_LIST_MS, detach->wake, &running, err))
        return false;
    bool none = running.len == 0;
    if (!none) {
        char *names = lima_strv_join(&running, ", ");
        lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                     "WSL holds the disk as long as any distribution runs; running now: %s. Stop them (wsl "
                     "--terminate NAME), or all "
                     "at once by `wsl --shutdown`, and try again",
                     names);
        free(names);
    }
    lima_strv_free(&running);
    return none;
}

static bool is_held(const char *disk, bool *ret, lima_err *err)
{
    return lima_file_in_use(disk, ret, err) || lima_err_wrap(err, "look whether WSL holds the disk");
}

bool lima_wsl2_detach_await(const wsl2_detach *detach, const char *disk, lima_err *err)
{
    lima_deadline deadline = lima_wsl2_in(WSL2_DETACH_MS);
    bool held = false;

    for (unsigned look = 0;; look++) {
        if (!is_held(disk, &held, err))
            return false;
        if (!held)
            return true;
        if (look == 0)
            lima_log_info("'%s': waiting until WSL's VM ends and lets go of it, about a minute", disk);
        if (look % LIST_EVERY == 0 && !check_others(detach, err))
            return false;
        if (lima_clock_now() >= deadline)
            return lima_err_set(
                err, LIMA_CODE_UNAVAILABLE,
                "'%s': WSL does not let go of the disk although no distribution runs; `wsl --shutdown` "
                "ends its VM",
                disk);
        if (lima_wake_wait(detach->wake, lima_clock_in(LOOK_MS)))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "cancelled while waiting for the disk");
    }
}
