#include "base/ipv4.h"

#include <stdio.h>
#include <string.h>

/* A number of at most three digits without leading zeros; bytes used, 0 when there is none. */
static size_t number(const char *text, unsigned max, unsigned *ret)
{
    size_t digits = strspn(text, "0123456789");
    unsigned value = 0;
    if (digits == 0 || digits > 3 || (digits > 1 && *text == '0'))
        return 0;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (unsigned)(text[i] - '0');
    *ret = value;
    return value <= max ? digits : 0;
}

/* Bytes used by the address at the beginning of the text; 0: none. */
static size_t address_at(const char *text, uint32_t *ret)
{
    uint32_t value = 0;
    const char *at = text;
    for (size_t i = 0; i < 4; i++) {
        unsigned part = 0;
        size_t used = number(at, 255, &part);
        if (!used || (i < 3 && at[used] != '.'))
            return 0;
        at += used + (i < 3);
        value = value << 8 | part;
    }
    *ret = value;
    return (size_t)(at - text);
}

bool lima_ipv4_parse(const char *text, uint32_t *ret)
{
    uint32_t value = 0;
    size_t used = address_at(text, &value);
    if (!used || text[used])
        return false;
    *ret = value;
    return true;
}

void lima_ipv4_print(uint32_t address, char ret[LIMA_IPV4_SIZE])
{
    snprintf(ret, LIMA_IPV4_SIZE, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
             address & 255);
}

static uint32_t mask(unsigned bits)
{
    return bits ? UINT32_MAX << (32 - bits) : 0;
}

bool lima_ipv4_net_parse(const char *text, lima_ipv4_net *ret)
{
    lima_ipv4_net net = {0};
    size_t used = address_at(text, &net.base);
    if (!used || text[used] != '/')
        return false;
    size_t digits = number(text + used + 1, 32, &net.bits);
    if (!digits || text[used + 1 + digits] || (net.base & ~mask(net.bits)))
        return false;
    *ret = net;
    return true;
}

lima_ipv4_net lima_ipv4_net_of(uint32_t address, unsigned bits)
{
    return (lima_ipv4_net){address & mask(bits), bits};
}

bool lima_ipv4_net_has(lima_ipv4_net net, uint32_t address)
{
    return (address & mask(net.bits)) == net.base;
}

bool lima_ipv4_net_overlap(lima_ipv4_net a, lima_ipv4_net b)
{
    return a.bits <= b.bits ? lima_ipv4_net_has(a, b.base) : lima_ipv4_net_has(b, a.base);
}
