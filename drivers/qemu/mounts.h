/* Shared folders: which way, and what QEMU is told about each (facts: lima-driver-contract 4.2, 6.1.1, 6.1.5
 * no. 26). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "driver/driver.h"
#include "driver/instance.h"

typedef enum qemu_mount_kind {
    QEMU_MOUNT_SSHFS = 0, /* reverse-sshfs: the host agent's work, nothing for QEMU */
    QEMU_MOUNT_9P,
    QEMU_MOUNT_VIRTIOFS,
} qemu_mount_kind;

typedef struct qemu_mount {
    char *location;       /* owned; host folder, "~" expanded */
    char *tag;            /* owned; what the guest mounts by */
    char *security_model; /* owned; 9p */
    char *socket;         /* owned; virtiofs: virtiofsd listens there */
    uint32_t queue_size;  /* virtiofs */
    bool writable;
} qemu_mount;

typedef struct qemu_mounts {
    qemu_mount_kind kind;
    qemu_mount *items; /* owned; empty for SSHFS */
    size_t len;
} qemu_mounts;

enum { QEMU_MOUNTS_MAX = 256 };

/* The mountType to fill in where none is chosen. `old` : the instance was made by Lima before 1.0. Static. */
const char *lima_qemu_mount_type_default(const lima_instance *inst, const char *host_os, bool old);
/* INVALID_ARGUMENT: a type that is unknown, not for this host, or in mountTypesUnsupported. */
bool lima_qemu_mount_type_check(const lima_instance *inst, const char *host_os, lima_err *err);

/* Reads mountType and mounts. Tags follow the rule of the calling limactl. INVALID_ARGUMENT naming the
 * key. */
bool lima_qemu_mounts_read(const lima_instance *inst, lima_generation generation, const char *home,
                           qemu_mounts *ret, lima_err *err);
void lima_qemu_mounts_free(qemu_mounts *mounts);
