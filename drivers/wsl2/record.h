/* What this driver remembers of an instance's distribution from start to start, in INSTDIR\wsl2.json. It
 * is no status: a clone carries a copy of it, so guid only counts where the registry has it under our
 * name. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "driver/instance.h"

#define WSL2_RECORD_FILE "wsl2.json"
#define WSL2_KEEPER_FILE "wsl2.keeper" /* identity of the wsl.exe that keeps it alive: driver/idfile.h */

typedef struct wsl2_record {
    char guid[37];       /* as registered last; "": not yet */
    bool made;           /* imported by this driver: the user inside is of its making */
    uint32_t user_uid;   /* of the guest's user, from the first boot on; 0: not known */
    uint64_t disk_size;  /* last applied, bytes; 0: WSL's default */
    uint16_t ssh_port;   /* on 127.0.0.1, of the last start; 0: none */
    char vm_id[37];      /* of the last start */
    uint32_t vsock_port; /* of the guest agent in the last start; 0: none */
} wsl2_record;

void lima_wsl2_record_read(const lima_instance *inst, wsl2_record *ret); /* {0} when missing or damaged */
bool lima_wsl2_record_write(const lima_instance *inst, const wsl2_record *record, lima_err *err);
