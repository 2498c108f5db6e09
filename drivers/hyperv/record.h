/* What this driver remembers of an instance from start to start, in INSTDIR\hyperv.json. It is no status. */
#pragma once

#include "base/err.h"
#include "base/ipv4.h"
#include "driver/instance.h"
#include "hyperv/network_plan.h"

#define HYPERV_RECORD_FILE "hyperv.json"

typedef struct hyperv_record {
    hyperv_network_mode network;  /* of the last start; AUTO: none */
    char address[LIMA_IPV4_SIZE]; /* of the guest in it; "": none */
    uint16_t ssh_port;            /* of this computer, at which its SSH was last; 0: none yet */
    lima_ipv4_net subnet;         /* of the last start with a network of Windows; {0}: none */
} hyperv_record;

void lima_hyperv_record_read(const lima_instance *inst, hyperv_record *ret); /* {0} when missing or damaged */
bool lima_hyperv_is_in_user_space(const lima_instance *inst); /* its network, since the last start */
/* The instance's, or that of the last start: limactl tells none to a process that it runs for something else. 0: none. */
uint16_t lima_hyperv_ssh_port(const lima_instance *inst);
bool lima_hyperv_record_write(const lima_instance *inst, const hyperv_record *record, lima_err *err);

/* A file of the instance folder has this content: written only if it has not, since writing waits for the disk. */
bool lima_hyperv_keep_file(const lima_instance *inst, const char *name, const char *text, size_t len,
                           lima_err *err);
