/* From an instance and its files to the VM of a start (document.h). */
#pragma once

#include "driver/instance.h"
#include "hyperv/config.h"
#include "hyperv/document.h"

/* What the caller has found in the instance folder and made for this start. Absolute Windows paths, borrowed;
 * NULL: not there. */
typedef struct hyperv_files {
    const char *disk, *iso, *cidata;
    const char *kernel, *initrd;
    const char *cmdline; /* of lima_hyperv_cmdline */
    const char *guest_state, *run_state;
    const char *const *extra_disks;
    size_t extra_disk_count;
} hyperv_files;

/* Boots the kernel if there is one, else the CD, else the disk. Fills what instance, options and files
 * decide; all else (sockets, network, console, name) stays as it is in *ret. */
void lima_hyperv_machine(const lima_instance *inst, const hyperv_options *options, const hyperv_files *files,
                         hyperv_vm *ret);

/* The kernel's command line as these VMs need it, from that of the image: a console on COM1 unless it names
 * one, and disks as Hyper-V calls them (sda, not vda). Owned. */
char *lima_hyperv_cmdline(const char *given);
