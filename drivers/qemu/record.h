/* What is written down about a started VM, in INSTDIR/qemu.vm.json, for drivers started later: who it is,
 * and what else has to be ended or undone with it. It is written as soon as there is something to undo. The
 * name is none that limactl removes by its ending (facts: lima-driver-contract 5). A record that was copied
 * into another folder (`limactl clone`) is recognised by the folder's real path in it, and counts as none. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/instance.h"
#include "os/process.h"
#include "qemu/helper.h"

#define QEMU_RECORD_FILE "qemu.vm.json"

enum { QEMU_RECORD_BYTES_MAX = 1024 * 1024 };

typedef struct qemu_record {
    lima_process_id vm; /* {0}: not started yet */
    qemu_helpers helpers;
    lima_strv disk_locks; /* in_use_by links made for this VM */
    char *endpoint;       /* owned; HTTP socket of the user-v2 network that carries SSH; NULL: none */
    char *ssh_address;    /* owned; host side of the SSH forward */
    uint16_t ssh_port;
} qemu_record;

bool lima_qemu_record_write(const lima_instance *inst, const qemu_record *record, lima_err *err);
/* NOT_FOUND: there is none, or it is another instance's. DATA_LOSS: damaged. */
bool lima_qemu_record_read(const lima_instance *inst, qemu_record *ret, lima_err *err);
bool lima_qemu_record_remove(const lima_instance *inst, lima_err *err);
void lima_qemu_record_free(qemu_record *record);
