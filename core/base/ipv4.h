/* IPv4 addresses as numbers: 192.168.0.1 is 0xc0a80001. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { LIMA_IPV4_SIZE = 16 }; /* of an address as text */

/* Dotted form, canonical (no leading zeros), nothing around it. */
bool lima_ipv4_parse(const char *text, uint32_t *ret);
void lima_ipv4_print(uint32_t address, char ret[LIMA_IPV4_SIZE]);

/* The addresses that share their first `bits` (0 to 32) with `base`, whose other bits are 0. {0} is all of
 * them. */
typedef struct lima_ipv4_net {
    uint32_t base;
    unsigned bits;
} lima_ipv4_net;

/* "172.29.64.0/24"; bits behind the prefix must be 0. */
bool lima_ipv4_net_parse(const char *text, lima_ipv4_net *ret);
/* The one that `address` is in. */
lima_ipv4_net lima_ipv4_net_of(uint32_t address, unsigned bits);
bool lima_ipv4_net_has(lima_ipv4_net net, uint32_t address);
bool lima_ipv4_net_overlap(lima_ipv4_net a, lima_ipv4_net b);
