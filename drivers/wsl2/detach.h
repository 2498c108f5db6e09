/* WSL's VM keeps the disks of stopped distributions as long as it runs itself; a disk is free a while
 * after the last distribution of the user has stopped. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "os/thread.h"

enum { WSL2_DETACH_MS = 90000 }; /* WSL's own idle time is 60 s, its stop takes some more */

typedef struct wsl2_detach {
    const char *exe;
    const lima_strv *known; /* lima_wsl2_look.names */
    lima_wake *wake;
} wsl2_detach;

/* Waits until nobody holds the file. FAILED_PRECONDITION naming the distributions that run and keep the VM
 * alive; UNAVAILABLE: none runs, but the VM does not end (the user's .wslconfig may forbid it); CANCELLED. */
bool lima_wsl2_detach_await(const wsl2_detach *detach, const char *disk, lima_err *err);
