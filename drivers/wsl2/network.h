/* Ways to the guest: addresses by networking mode, and numbers that no two instances may share, since all
 * distributions of a user have one network namespace, one vsock CID and (up to WSL 2.9.4) one cgroup tree
 * (facts: wsl.md 0, 5.5, 5.6, 6.3). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef enum wsl2_network {
    WSL2_NETWORK_UNKNOWN = 0, /* a word we do not know, or nobody told: every way is tried */
    WSL2_NETWORK_NAT,
    WSL2_NETWORK_MIRRORED,
    WSL2_NETWORK_CONSOMME, /* also virtioproxy */
    WSL2_NETWORK_BRIDGED,
    WSL2_NETWORK_NONE,
} wsl2_network;

/* The word of `wslinfo --networking-mode` or .wslconfig, any case, blanks around. */
wsl2_network lima_wsl2_network_parse(const char *word);
const char *lima_wsl2_network_name(wsl2_network mode); /* "nat", …; "unknown" */

/* A way to the guest's sshd. */
typedef enum wsl2_way {
    WSL2_WAY_LOOPBACK = 0, /* 127.0.0.1, same port */
    WSL2_WAY_GUEST_IP,     /* the guest's first address, which changes with each VM */
    WSL2_WAY_STDIO,        /* bytes through a wsl.exe child, offered on 127.0.0.1 by the driver */
} wsl2_way;
enum { WSL2_WAYS_MAX = 3 };

/* In the order they are to be tried; each must be verified before it is used (lima_wsl2_banner_check).
 * STDIO is always the last. Returns the number. */
size_t lima_wsl2_ways(wsl2_network mode, bool localhost_forwarding, wsl2_way ret[WSL2_WAYS_MAX]);
/* The address sshd has to listen on for a way to work: "127.0.0.1" unless it is reached by the guest's
 * address. */
const char *lima_wsl2_listen_address(wsl2_network mode, bool localhost_forwarding);

/* Where the guest finds Windows: the gateway behind NAT, itself when it mirrors Windows' network. "": nowhere, or
 * nobody can tell. `gateway`: of the default route, "" when there is none. */
const char *lima_wsl2_host_address(wsl2_network mode, const char *gateway);

/* What an SSH server says first holds the nonce of this start (VersionAddendum, scripts.h): it is ours and no
 * other server that happens to have the port. `line` is everything up to the line end. */
bool lima_wsl2_banner_check(const char *line, size_t len, const char *nonce);

enum {
    WSL2_SSH_PORT_MIN =
        23000, /* below the ephemeral ranges of Linux (32768) and Windows (49152), above what */
    WSL2_SSH_PORT_MAX = 28999, /* installed servers use; the known ones within are left out */
    WSL2_UID_MIN = 2000,
    WSL2_UID_MAX = 51999,
    WSL2_VSOCK_MIN = 0x10000, /* 50000 to 50100, below it, are WSL's own */
    WSL2_VSOCK_MAX = 0x7fffffff,
};

/* Numbers derived from INSTDIR (`seed`; any spelling of the path gives the same number): stable, spread, with
 * attempt 0, 1, 2, … when one is taken. */
uint16_t lima_wsl2_ssh_port(const char *seed, unsigned attempt);
uint32_t lima_wsl2_vsock_port(const char *seed, unsigned attempt);
uint32_t lima_wsl2_uid(const char *seed, unsigned attempt);
/* Whether sshd may be given this port: not 0, not one that WSL or Windows servers have (22, 53, 135, 139,
 * 445, 3389, 5985, 5986, …). */
bool lima_wsl2_ssh_port_allowed(uint16_t port);
