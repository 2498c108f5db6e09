/* The network: which way, which subnet, which address (facts: hyperv-hcs 1.2, 5). All instances of a computer
 * share one ICS network of ours, with an endpoint for each; HCN's documents are in network_document.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/guid.h"
#include "base/ipv4.h"
#include "hyperv/rights.h"

/* ---- which way ---- */

typedef enum hyperv_network_mode {
    HYPERV_NETWORK_AUTO = 0, /* as a wish only */
    HYPERV_NETWORK_HCN,      /* an adapter on our network of Windows */
    HYPERV_NETWORK_HVSOCKET, /* frames over a socket to a network in user space: no right but the VM's */
} hyperv_network_mode;

/* "auto", "hcn", "hvsocket"; false: another word. */
bool lima_hyperv_network_parse(const char *word, hyperv_network_mode *ret);
const char *lima_hyperv_network_name(hyperv_network_mode mode);

typedef struct hyperv_network_choice {
    hyperv_network_mode mode;
    bool may_change; /* when HCN refuses all the same, the other way is to be taken, and told */
    char *reason;    /* owned; a sentence for the log */
} hyperv_network_choice;

/* PERMISSION_DENIED or FAILED_PRECONDITION: HCN is wanted by name and not to be had. */
bool lima_hyperv_network_choose(hyperv_network_mode wish, const lima_rights *rights,
                                hyperv_network_choice *ret, lima_err *err);
void lima_hyperv_network_choice_free(hyperv_network_choice *choice);

/* ---- which subnet and address ---- */

enum { HYPERV_SUBNET_BITS = 24 };

/* A free subnet for our network, around `taken`: routes and addresses of the host, but those of our own
 * network. Default routes and the halves by which VPNs replace them do not count: a smaller network wins over
 * them. The one we had before (`before`; {0}: none) is taken again if it still is free. When nothing is quite
 * free, one is taken that lies in a large network only, such as a VPN's 10.0.0.0/8, and *ret_hidden tells of
 * which: its computers with these addresses cannot be reached then ({0}: none). RESOURCE_EXHAUSTED. */
bool lima_hyperv_subnet_choose(const lima_ipv4_net *taken, size_t count, lima_ipv4_net before,
                               lima_ipv4_net *ret, lima_ipv4_net *ret_hidden, lima_err *err);
uint32_t lima_hyperv_gateway(lima_ipv4_net subnet);

/* The instance's address: always the same one in the same subnet, unless another endpoint has it (`used`).
 * RESOURCE_EXHAUSTED. */
bool lima_hyperv_address_choose(lima_ipv4_net subnet, const char *inst_dir, const uint32_t *used,
                                size_t count, uint32_t *ret, lima_err *err);

/* ---- names ---- */

/* Of the VM and of its endpoint; the same for every spelling of the folder. */
void lima_hyperv_vm_id(const char *inst_dir, char ret[LIMA_GUID_SIZE]);
void lima_hyperv_endpoint_id(const char *inst_dir, char ret[LIMA_GUID_SIZE]);
/* Of the network, which all users and instances of this computer share. */
void lima_hyperv_network_id(char ret[LIMA_GUID_SIZE]);

/* ---- how the guest's address is found ---- */

typedef enum hyperv_address_way {
    HYPERV_ADDRESS_ENDPOINT = 0, /* what HCN has given the endpoint: known before the guest boots */
    HYPERV_ADDRESS_NEIGHBOUR,    /* the host's neighbour table, by MAC address; needs traffic of the guest */
    HYPERV_ADDRESS_NAME,         /* HOSTNAME.mshome.net; may be an old one */
    HYPERV_ADDRESS_WAYS,
} hyperv_address_way;

/* In the order in which they are to be tried; what each is called in errors. */
const char *lima_hyperv_address_way_name(hyperv_address_way way);

/* What each way gave: "", or why it gave nothing. Fills err with UNAVAILABLE: the guest's address is not
 * known, what was tried, what to look at. `why` has HYPERV_ADDRESS_WAYS texts; NULL: not tried. */
bool lima_hyperv_address_failed(const char *const why[HYPERV_ADDRESS_WAYS], lima_err *err);
