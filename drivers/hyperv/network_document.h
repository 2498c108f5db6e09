/* HCN's documents: making a network and an endpoint, asking for them, reading the answers in both of its
 * dialects (facts: hyperv-hcs 5.2 to 5.8). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/guid.h"
#include "base/ipv4.h"
#include "base/strv.h"

/* The network's name, as Windows shows it: "vEthernet (lima)". */
#define HYPERV_NETWORK_NAME "lima"
/* Names of endpoints: this and the VM's GUID, so that one whose VM is gone can be told. */
#define HYPERV_ENDPOINT_PREFIX "lima-"

enum { HYPERV_GUIDS_MAX = 4096 };

/* Documents are one line; owned. */
char *lima_hyperv_network_document(lima_ipv4_net subnet);

typedef struct hyperv_endpoint_wish {
    const char *network, *vm; /* GUIDs */
    const char *mac;          /* with ':' or '-' */
    uint32_t address;         /* 0: HCN chooses */
    unsigned bits;            /* of the subnet */
} hyperv_endpoint_wish;
/* INVALID_ARGUMENT: no MAC address. */
bool lima_hyperv_endpoint_document(const hyperv_endpoint_wish *wish, char **ret, lima_err *err);

/* For enumerations: all, or those of that name. For properties: `name` NULL. */
char *lima_hyperv_network_query(const char *name);
/* An array of GUIDs, as enumerations answer. Duplicates and what is no GUID are left out.
 * INVALID_ARGUMENT. */
bool lima_hyperv_guids_parse(const char *text, size_t len, lima_strv *ret, lima_err *err);

typedef struct hyperv_network_facts {
    char id[LIMA_GUID_SIZE]; /* "" unknown */
    lima_ipv4_net subnet;    /* the first one; {0}: none */
    bool ics;
} hyperv_network_facts;
bool lima_hyperv_network_facts_parse(const char *text, size_t len, hyperv_network_facts *ret, lima_err *err);

typedef struct hyperv_endpoint_facts {
    char id[LIMA_GUID_SIZE], network[LIMA_GUID_SIZE]; /* "" unknown */
    char vm[LIMA_GUID_SIZE];                          /* from its name; "": not one of ours */
    char mac[18];                                     /* "52-55-55-AB-CD-0F"; "": unknown */
    uint32_t address;                                 /* 0: none yet */
} hyperv_endpoint_facts;
bool lima_hyperv_endpoint_facts_parse(const char *text, size_t len, hyperv_endpoint_facts *ret,
                                      lima_err *err);

/* Whether an endpoint is ours and its VM is not among `vms` (GUIDs of compute systems, lower case). Only to
 * be believed while nobody makes one: the caller holds the network's lock. */
bool lima_hyperv_endpoint_is_stale(const hyperv_endpoint_facts *endpoint, const lima_strv *vms);
