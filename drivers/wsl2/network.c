#include "wsl2/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "driver/identity.h"

static const struct {
    const char *word;
    wsl2_network mode;
} words[] = {
    {"nat", WSL2_NETWORK_NAT},           {"mirrored", WSL2_NETWORK_MIRRORED},
    {"consomme", WSL2_NETWORK_CONSOMME}, {"virtioproxy", WSL2_NETWORK_CONSOMME}, /* until 2.8 */
    {"bridged", WSL2_NETWORK_BRIDGED},   {"none", WSL2_NETWORK_NONE},
};

wsl2_network lima_wsl2_network_parse(const char *word)
{
    char *trimmed = lima_mem_strdup(word);
    lima_str_trim(trimmed);
    wsl2_network mode = WSL2_NETWORK_UNKNOWN;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (lima_str_eq_nocase(trimmed, words[i].word))
            mode = words[i].mode;
    free(trimmed);
    return mode;
}

const char *lima_wsl2_network_name(wsl2_network mode)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].mode == mode)
            return words[i].word;
    return "unknown";
}

/* NAT has loopback only through the relay, bridged never has it. */
static bool has_loopback(wsl2_network mode, bool localhost_forwarding)
{
    switch (mode) {
    case WSL2_NETWORK_NAT:
        return localhost_forwarding;
    case WSL2_NETWORK_BRIDGED:
    case WSL2_NETWORK_NONE:
        return false;
    case WSL2_NETWORK_UNKNOWN:
    case WSL2_NETWORK_MIRRORED:
    case WSL2_NETWORK_CONSOMME:
        break;
    }
    return true;
}

/* In mirrored mode the guest's addresses are the host's own; behind consomme there is no way in. */
static bool has_guest_ip(wsl2_network mode)
{
    return mode == WSL2_NETWORK_NAT || mode == WSL2_NETWORK_BRIDGED || mode == WSL2_NETWORK_UNKNOWN;
}

size_t lima_wsl2_ways(wsl2_network mode, bool localhost_forwarding, wsl2_way ret[WSL2_WAYS_MAX])
{
    size_t count = 0;
    if (has_loopback(mode, localhost_forwarding))
        ret[count++] = WSL2_WAY_LOOPBACK;
    if (has_guest_ip(mode))
        ret[count++] = WSL2_WAY_GUEST_IP;
    ret[count++] = WSL2_WAY_STDIO;
    return count;
}

const char *lima_wsl2_listen_address(wsl2_network mode, bool localhost_forwarding)
{
    return has_guest_ip(mode) && !has_loopback(mode, localhost_forwarding) ? "0.0.0.0" : "127.0.0.1";
}

/* The gateway of a bridged network is a router of it, and not this computer. */
const char *lima_wsl2_host_address(wsl2_network mode, const char *gateway)
{
    switch (mode) {
    case WSL2_NETWORK_MIRRORED:
        return "127.0.0.1";
    case WSL2_NETWORK_BRIDGED:
    case WSL2_NETWORK_NONE:
        return "";
    case WSL2_NETWORK_UNKNOWN:
    case WSL2_NETWORK_NAT:
    case WSL2_NETWORK_CONSOMME:
        break;
    }
    return gateway;
}

bool lima_wsl2_banner_check(const char *line, size_t len, const char *nonce)
{
    static const char begin[] = "SSH-2.0-";
    size_t nonce_len = strlen(nonce);
    if (len < sizeof begin - 1 || memcmp(line, begin, sizeof begin - 1) != 0 || nonce_len == 0)
        return false;
    for (size_t at = sizeof begin - 1; at + nonce_len <= len; at++)
        if (memcmp(line + at, nonce, nonce_len) == 0)
            return true;
    return false;
}

/* Ports in our range that well-known servers have. */
static bool has_owner(uint32_t port)
{
    static const uint16_t taken[] = {23399, 24224, 24800, 25565, 25575, 26257, 27000,
                                     27015, 27017, 27018, 27019, 27036, 28015, 28017};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (taken[i] == port)
            return true;
    return false;
}

uint16_t lima_wsl2_ssh_port(const char *seed, unsigned attempt)
{
    uint32_t port = lima_identity_draw("ssh", seed, attempt, WSL2_SSH_PORT_MIN, WSL2_SSH_PORT_MAX);
    while (has_owner(port))
        port = port == WSL2_SSH_PORT_MAX ? WSL2_SSH_PORT_MIN : port + 1;
    return (uint16_t)port;
}

uint32_t lima_wsl2_vsock_port(const char *seed, unsigned attempt)
{
    return lima_identity_draw("vsock", seed, attempt, WSL2_VSOCK_MIN, WSL2_VSOCK_MAX);
}

uint32_t lima_wsl2_uid(const char *seed, unsigned attempt)
{
    return lima_identity_draw("uid", seed, attempt, WSL2_UID_MIN, WSL2_UID_MAX);
}

bool lima_wsl2_ssh_port_allowed(uint16_t port)
{
    static const uint16_t owned[] = {0,    22,   25,   53,   80,   88,   111,  135,  137,  138,
                                     139,  389,  443,  445,  593,  636,  1433, 1900, 2179, 2869,
                                     3268, 3269, 3389, 5040, 5353, 5355, 5357, 5358, 5985, 5986};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        if (owned[i] == port)
            return false;
    return true;
}
