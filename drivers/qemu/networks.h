/* The instance's network interfaces (facts: lima-driver-contract 4.2, 6.1.5 no. 15–17, 6.4). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/instance.h"

typedef enum qemu_nic_kind {
    QEMU_NIC_USER = 0, /* QEMU's user network with the SSH forward */
    QEMU_NIC_STREAM,   /* QEMU connects to `socket` itself (QEMU 7.2 and later) */
    QEMU_NIC_FD,       /* the driver connects to `socket` and QEMU inherits the connection as handle `fd` */
} qemu_nic_kind;

typedef struct qemu_nic {
    qemu_nic_kind kind;
    char *mac;         /* owned */
    char *socket;      /* owned; STREAM and FD: a stream of length-prefixed frames */
    char *network;     /* owned; the name of the user-v2 network; NULL for others */
    char *address;     /* owned; USER: the host address of the SSH forward */
    uint16_t ssh_port; /* USER: of the SSH forward */
    int fd;            /* FD: 3, 4, … in the order of the list */
} qemu_nic;

typedef struct qemu_nics {
    qemu_nic *items; /* owned; at least one after reading */
    size_t len;
} qemu_nics;

enum { QEMU_NICS_MAX = 16 };

/* The names of the networks of mode user-v2 in LIMA_HOME/_config/networks.yaml; an empty text (no such file)
 * gives limactl's own: "user-v2". */
bool lima_qemu_user_v2_names(const char *yaml, size_t len, lima_strv *ret, lima_err *err);
/* The same, read from that file beside INSTDIR. */
bool lima_qemu_user_v2_read(const lima_instance *inst, lima_strv *ret, lima_err *err);
/* `<LIMA_HOME>/_networks/NAME/NAME_FILE` beside INSTDIR: file "qemu.sock" for frames, "ep.sock" for the HTTP
 * API. Owned. */
char *lima_qemu_network_file(const lima_instance *inst, const char *network, const char *file);

/* First NIC: the first user-v2 network of the list if there is one, else the user network. Then the other
 * entries of `networks`. `stream`: this QEMU can connect by itself. UNIMPLEMENTED for a named network of
 * another mode; INVALID_ARGUMENT naming the key. */
bool lima_qemu_nics_read(const lima_instance *inst, const char *machine_id, const lima_strv *user_v2,
                         bool stream, qemu_nics *ret, lima_err *err);
/* NULL, or the user-v2 network's name that carries SSH: expose the forward there after start. Borrowed. */
const char *lima_qemu_nics_ssh_network(const qemu_nics *nics);
void lima_qemu_nics_free(qemu_nics *nics);
