/* The boot disk of an instance: making it, and telling path and format for a start (facts:
 * lima-driver-contract 5, 6.1.3).
 *
 * Formats are never guessed by QEMU. A disk once seen as raw stays raw: INSTDIR/qemu.disk.json says so,
 * because a guest can write onto a raw disk what looks like another format's header, and with it names of
 * the host's files. It also says how long the disk was. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "driver/driver.h"
#include "driver/instance.h"
#include "os/thread.h"
#include "qemu/settings.h"

#define QEMU_DISK_FORMAT_FILE "qemu.disk.json"

typedef struct qemu_boot_disk {
    qemu_disk disk; /* path NULL: none */
    char *iso;      /* owned; installation medium; NULL: none */
} qemu_boot_disk;

/* Makes the disk from the downloaded image, unless it is there. Crash-safe: whatever happens, the next call
 * goes on, and `disk` is never a part of one. NOT_FOUND: no image. INVALID_ARGUMENT, DATA_LOSS: one that
 * must not or cannot be run. RESOURCE_EXHAUSTED: no space. */
bool lima_qemu_disk_create(const lima_instance *inst, lima_generation generation, lima_wake *wake,
                           lima_err *err);

/* What to boot from. DATA_LOSS for a disk that was cut short (qcow2, raw). Also for disks of Lima 2.0
 * (diffdisk upon basedisk). */
bool lima_qemu_disk_find(const lima_instance *inst, lima_wake *wake, qemu_boot_disk *ret, lima_err *err);
void lima_qemu_boot_disk_free(qemu_boot_disk *disk);
