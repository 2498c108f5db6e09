/* The guest's sshd, on a network of Windows: its endpoint says at which address that is, and the guest may all the
 * same have another one (facts: hyperv-hcs 5.6). */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ipv4.h"
#include "driver/identity.h"
#include "driver/instance.h"
#include "os/stream.h"
#include "os/thread.h"

enum { HYPERV_SSHD_NAME_SIZE = 256 };

typedef struct hyperv_sshd {
    char address[LIMA_IPV4_SIZE]; /* the endpoint's */
    char mac[LIMA_MAC_SIZE];
    char name[HYPERV_SSHD_NAME_SIZE];
    _Atomic uint32_t last; /* where it answered last, when that was another one; 0: none */
} hyperv_sshd;

void lima_hyperv_sshd_init(const lima_instance *inst, const char *address, hyperv_sshd *ret);
/* A connection to it, by the first way that leads to one; many threads at once. UNAVAILABLE: what was tried, and why
 * it did not do. CANCELLED. */
bool lima_hyperv_sshd_dial(hyperv_sshd *sshd, lima_wake *wake, lima_stream **ret, lima_err *err);
