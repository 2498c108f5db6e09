/* The machine of `limadrv run`: an instance folder such as limactl makes, filled without limactl. */
#pragma once

#include "command.h"
#include "data/json.h"
#include "os/file.h"
#include "phase.h"

/* What to boot. */
typedef struct lima_guest {
    char *image;           /* owned; NULL: the machine has its disk */
    char *kernel, *initrd; /* owned; NULL: the image boots itself */
} lima_guest;

typedef struct lima_machine {
    char *dir;     /* owned */
    char *program; /* owned; the driver */
    char *vm_type; /* owned; its name */
    char *user;    /* owned */
    uint16_t port; /* of SSH on 127.0.0.1 */
    bool named;    /* kept under a name */
    bool existing; /* was there before: its disk is used again */
    lima_guest guest;
    uint64_t disk_size; /* asked for; 0: as the image */
    lima_json *config;  /* owned; what lima.yaml says */
    lima_file_lock *lock;
} lima_machine;

/* Makes the folder with key, cidata, kernel, image and lima.yaml; the original image is only read. A failure
 * leaves nothing of a new machine behind. CANCELLED by the wake of `args`. Mistakes in flags are
 * INVALID_ARGUMENT. */
bool lima_machine_prepare(const lima_ctl_args *args, lima_phase *phase, lima_machine *ret, lima_err *err);
/* After the driver has made the disk: lets it grow to the size asked for. */
bool lima_machine_grow(const lima_machine *machine, lima_err *err);
/* Removes the folder of a machine without a name unless `keep`; frees everything. */
void lima_machine_end(lima_machine *machine, bool keep);
