/* The instance's place in the network of Windows: our one network, made when it is not there, and the
 * instance's endpoint in it (facts: hyperv-hcs 5). */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/guid.h"
#include "base/ipv4.h"
#include "driver/identity.h"
#include "driver/instance.h"
#include "os/file.h"
#include "os/thread.h"

typedef struct hyperv_attachment {
    char endpoint[LIMA_GUID_SIZE];
    char mac[LIMA_MAC_SIZE];
    char address[LIMA_IPV4_SIZE];
    lima_file_lock *lock;
} hyperv_attachment;

/* Makes a new endpoint, and the network if need be. Endpoints of VMs that are gone are swept away on the way, so
 * others are kept from doing that until lima_hyperv_network_settled: call it when the VM exists, or is not to be.
 * PERMISSION_DENIED: see win/hcn.h; UNAVAILABLE: the endpoint got no address. */
bool lima_hyperv_network_attach(const lima_instance *inst, lima_wake *wake, hyperv_attachment *ret,
                                lima_err *err);
void lima_hyperv_network_settled(hyperv_attachment *attachment); /* again, and of {0}: does nothing */

/* The address that the service has given its endpoint. NOT_FOUND: no endpoint, or it has none. */
bool lima_hyperv_network_address(const lima_instance *inst, lima_wake *wake, char ret[LIMA_IPV4_SIZE],
                                 lima_err *err);
/* Removes the endpoint; one that is not there is fine. */
bool lima_hyperv_network_detach(const lima_instance *inst, lima_wake *wake, lima_err *err);
/* … and the network, unless others use it. */
bool lima_hyperv_network_remove(const lima_instance *inst, lima_wake *wake, lima_err *err);
