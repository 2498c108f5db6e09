/* One script in the guest, as root. */
#pragma once

#include <stdbool.h>

#include "wsl2/wsl_exe.h"

typedef struct wsl2_guest_run {
    const char *exe, *distro;
    const char *action;      /* for error texts: "send cidata" */
    const char *script;      /* of scripts.h; NULL: it comes by `feed` */
    const char *const *args; /* NULL-terminated; NULL: none */
    uint64_t limit_ms;       /* 0: WSL2_LAUNCH_MS */
    lima_wake *wake;
    wsl2_feed *feed;
    void *feed_arg;
    bool retry; /* of wsl2_run */
} wsl2_guest_run;

/* As lima_wsl2_run; `ret` is to be freed either way. */
bool lima_wsl2_guest_run(const wsl2_guest_run *guest, wsl2_said *ret, lima_err *err);
