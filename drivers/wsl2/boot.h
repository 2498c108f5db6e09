/* The steps between "the distribution exists" and "Lima's boot script runs in it", each bounded, each
 * possible again. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "driver/instance.h"
#include "os/thread.h"
#include "wsl2/guest.h"
#include "wsl2/look.h"
#include "wsl2/wslconfig.h"

typedef struct wsl2_boot {
    const lima_instance *inst;
    lima_wake *wake;
    const char *exe;
    const wsl2_look *look;
    wsl2_guest guest;          /* filled by lima_wsl2_boot_probe */
    wsl2_user_config settings; /* the user's .wslconfig; filled by lima_wsl2_boot_read_settings */
} wsl2_boot;

/* Reads the user's .wslconfig and says in the log what `cpus` and `memory` mean here. */
void lima_wsl2_boot_read_settings(wsl2_boot *boot);
/* Boots VM and distribution, asks what is there, and writes /etc/wsl.conf where it lacks what we need;
 * then the distribution is stopped and booted again, since it is read at its start only.
 * FAILED_PRECONDITION naming what the guest lacks, or who else has the user's uid. What wsl.exe warns of
 * goes to the log. */
bool lima_wsl2_boot_prepare(wsl2_boot *boot, lima_err *err);
/* The guest's user: as she is there, else as the configuration wants her. */
uint32_t lima_wsl2_boot_uid(const wsl2_boot *boot);
/* cidata into the guest. */
bool lima_wsl2_boot_send_cidata(const wsl2_boot *boot, lima_err *err);
/* Mounts and limits. What cannot be had is told in the log; the instance is of use without. */
bool lima_wsl2_boot_set_up(const wsl2_boot *boot, lima_err *err);

/* What Lima's boot script has to know of this start. */
typedef struct wsl2_provision_desc {
    const char *exe, *distro;
    const lima_instance *inst;
    uint32_t vsock_port; /* of the guest agent; 0: it listens on a Unix socket */
    const char *host;    /* Windows' address for the guest; "": none */
} wsl2_provision_desc;

/* Lima's boot script, in a thread of its own: provisioning takes minutes, and its failure does not end the
 * instance. */
typedef struct wsl2_provision wsl2_provision;
bool lima_wsl2_provision_start(const wsl2_provision_desc *desc, wsl2_provision **ret, lima_err *err);
void lima_wsl2_provision_end(wsl2_provision *provision); /* ends it if it still runs; NULL does nothing */
