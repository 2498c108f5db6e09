/* The user's .wslconfig (facts: wsl.md 5.4): read, never written. It says what all distributions together
 * get. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strv.h"
#include "driver/instance.h"
#include "wsl2/network.h"

enum { WSL2_CONFIG_FILE_MAX = 256 * 1024 };

typedef struct wsl2_user_config {
    uint32_t processors; /* 0: not set, all of the host */
    uint64_t memory;     /* bytes; 0: not set, half of the host */
    uint64_t swap;       /* bytes; meaningful when has_swap */
    bool has_swap;
    wsl2_network network;      /* WSL2_NETWORK_NAT when not set; UNKNOWN for a word we do not know */
    bool localhost_forwarding; /* true when not set */
    int64_t vm_idle_ms;        /* 60000 when not set; negative: never */
    int64_t instance_idle_ms;  /* 15000 */
    bool has_kernel;           /* a custom kernel */
    char kernel[512];
} wsl2_user_config;

/* UTF-8 or UTF-16 (Notepad), with BOM or without. Values that cannot be read count as not set, and
 * `ret_warnings` (may be NULL) names key and line. An empty text gives the defaults. */
void lima_wsl2_wslconfig_read(const void *bytes, size_t len, wsl2_user_config *ret, lima_strv *ret_warnings);

/* What cpus, memory of the instance mean here: one sentence for each that WSL cannot give to one
 * distribution, with the effective values (facts 5.4). `host_cpus`, `host_memory` of lima_host. */
void lima_wsl2_wslconfig_explain(const wsl2_user_config *config, const lima_instance *inst,
                                 uint32_t host_cpus, uint64_t host_memory, lima_strv *ret_sentences);
/* The effective values: never more than the host has. */
uint32_t lima_wsl2_wslconfig_cpus(const wsl2_user_config *config, uint32_t host_cpus);
uint64_t lima_wsl2_wslconfig_memory(const wsl2_user_config *config, uint64_t host_memory);
