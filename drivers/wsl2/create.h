/* Before every start: the instance has its distribution, registered and with its disk. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "driver/instance.h"
#include "os/file.h"
#include "os/thread.h"
#include "wsl2/look.h"

/* Imports the image, or adopts what is there: a distribution of Lima's own driver, a disk without
 * registration (a clone, a renamed instance, a Windows profile made anew). Finishes or takes back what a
 * killed process has begun. Does nothing when all is there. A distribution of our name that lies elsewhere
 * is FAILED_PRECONDITION, never touched. */
bool lima_wsl2_create(const lima_instance *inst, lima_wake *wake, lima_err *err);

/* One process at a time works on an instance's distribution and disk, a driver's server or a short-lived
 * one. UNAVAILABLE: another does. Released by lima_file_lock_release. */
bool lima_wsl2_lock(const lima_instance *inst, lima_file_lock **ret, lima_err *err);

/* Takes the registration away, disk and all; only of a distribution that is ours. */
bool lima_wsl2_unregister(const char *exe, const wsl2_look *look, lima_wake *wake, lima_err *err);
/* Start-menu entry and Terminal profile that WSL made for it. What cannot be removed is logged. */
void lima_wsl2_remove_litter(const wsl2_look *look);
