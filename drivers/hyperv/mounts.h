/* `mounts` of an instance whose mountType is 9p: folders that Windows' own 9P server shares with the VM (facts:
 * hyperv-hcs 7), and what the guest has to know to mount them. With reverse-sshfs all is limactl's work. Pure: no
 * folder is looked at. */
#pragma once

#include "driver/instance.h"
#include "driver/windows_mounts.h"
#include "hyperv/document.h"

enum { HYPERV_SHARE_PORT = 564 }; /* vsock port on which the guest finds all shares of its VM */

/* The guest's half of a mount. */
typedef struct hyperv_mount {
    char *tag;         /* owned; name of the share */
    uint32_t msize;    /* bytes of a message at most */
    const char *cache; /* static; a word of Linux' 9p */
} hyperv_mount;

/* {0}: none. */
typedef struct hyperv_mounts {
    lima_windows_mounts folders; /* folders.len entries of items and of shares belong to it */
    hyperv_mount *items;         /* owned */
    hyperv_share *shares;        /* owned; for the document; borrows from the others */
} hyperv_mounts;

/* None unless mountType is 9p. INVALID_ARGUMENT or UNIMPLEMENTED naming the key: what lima_windows_mounts_read
 * refuses; folders of other computers; what only QEMU's server has. */
bool lima_hyperv_mounts_read(const lima_instance *inst, const char *home, hyperv_mounts *ret, lima_err *err);
/* The same for every mountType, for its errors only. */
bool lima_hyperv_mounts_check(const lima_instance *inst, const char *home, lima_err *err);
void lima_hyperv_mounts_free(hyperv_mounts *mounts);

/* For guest/mounts.py: one line of JSON. Owned. */
char *lima_hyperv_mounts_list(const hyperv_mounts *mounts);
