/* The hyperv driver's part of an instance's configuration: filling what limactl cannot do without, refusing
 * by name what these VMs cannot do (facts: lima-driver-contract 4.2, 7.1; hyperv-hcs 3.1, 5.3, 11.1). Pure:
 * what has to be looked at comes as hyperv_config_inputs, and what is not known there is not checked. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/instance.h"
#include "hyperv/document.h"
#include "hyperv/network_plan.h"

typedef struct hyperv_config_inputs {
    const char *host_arch;       /* lima_host.arch */
    const char *home;            /* lima_host.home, for "~" in mounts */
    const lima_json *written;    /* INSTDIR/lima.yaml: what the user wrote; NULL: not known */
    const hyperv_host *host;     /* NULL: the service was not asked */
    uint32_t host_cpus;          /* 0: not known, as below */
    uint64_t host_memory;        /* bytes */
    hyperv_network_mode network; /* that the next start will take; AUTO: not known */
    const lima_strv *dns;        /* addresses of this computer's resolvers; NULL: not known */
    const lima_strv *user_v2;    /* names of Lima's networks of mode user-v2; NULL: limactl's own */
} hyperv_config_inputs;

/* Fills vmType, mountType, and in a network of Windows `dns`, with hostResolver off: limactl's resolver sits
 * on an address that only its own networks have. INVALID_ARGUMENT naming the key; the instance is then
 * unchanged. Running it again changes nothing. */
bool lima_hyperv_configure(lima_instance *inst, const hyperv_config_inputs *inputs, lima_err *err);

/* INVALID_ARGUMENT naming the key and what is allowed; UNIMPLEMENTED naming what these VMs cannot do;
 * RESOURCE_EXHAUSTED for more than this computer has. `ret_warnings` (may be NULL) gets one sentence per key
 * that the user wrote and that has no effect. */
bool lima_hyperv_validate(const lima_instance *inst, const hyperv_config_inputs *inputs,
                          lima_strv *ret_warnings, lima_err *err);

/* `vmOpts.hyperv` and `networks`, read. */
typedef struct hyperv_options {
    hyperv_network_mode network; /* the wish */
    const char *lima_network; /* the user-v2 network that the frames go to; NULL: none. Borrowed from inst */
    hyperv_secure_boot secure_boot;
} hyperv_options;
bool lima_hyperv_options_read(const lima_instance *inst, const lima_strv *user_v2, hyperv_options *ret,
                              lima_err *err);
