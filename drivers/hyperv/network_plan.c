/* Pools are ranges that routers at home and Windows' own networks do not hand out, in the order of how rarely
 * they are met. Within a pool subnets are tried in order, so that the result depends on the host's routes
 * alone. */
#include "hyperv/network_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "driver/identity.h"

enum {
    HALF_BITS = 7,   /* 0.0.0.0/1, and the like, stand for everything */
    LARGE_BITS = 16, /* a network of this size or more may be cut into if it has to be */
    HOST_MIN = 10,
    HOST_MAX = 249,
    REASON_MAX = 1024,
};

/* ---- which way ---- */

static const char *const mode_names[] = {
    [HYPERV_NETWORK_AUTO] = "auto", [HYPERV_NETWORK_HCN] = "hcn", [HYPERV_NETWORK_HVSOCKET] = "hvsocket"};

bool lima_hyperv_network_parse(const char *word, hyperv_network_mode *ret)
{
    for (size_t i = 0; i < sizeof mode_names / sizeof mode_names[0]; i++)
        if (lima_str_eq(word, mode_names[i])) {
            *ret = (hyperv_network_mode)i;
            return true;
        }
    return false;
}

const char *lima_hyperv_network_name(hyperv_network_mode mode)
{
    return mode_names[mode];
}

/* What the configuration names, else HCN if nothing is in the way. */
static hyperv_network_choice choose(hyperv_network_mode wish, hyperv_lack lack, const char *cause,
                                    const char *next)
{
    if (wish == HYPERV_NETWORK_HVSOCKET)
        return (hyperv_network_choice){HYPERV_NETWORK_HVSOCKET, false,
                                       lima_mem_strdup("network in user space: the configuration wants it")};
    if (wish == HYPERV_NETWORK_HCN)
        return (hyperv_network_choice){HYPERV_NETWORK_HCN, false,
                                       lima_mem_strdup("network of Windows: the configuration wants it")};
    if (lack == HYPERV_LACK_NOTHING)
        return (hyperv_network_choice){HYPERV_NETWORK_HCN, true,
                                       lima_mem_strdup("network of Windows: this process may make one")};
    return (hyperv_network_choice){
        HYPERV_NETWORK_HVSOCKET, false,
        lima_mem_printf("network in user space: for one of Windows, %s; to have that: %s", cause, next)};
}

bool lima_hyperv_network_choose(hyperv_network_mode wish, const lima_rights *rights,
                                hyperv_network_choice *ret, lima_err *err)
{
    hyperv_lack lack = lima_hyperv_network_lack(rights);
    const char *cause = lima_hyperv_lack_cause(lack);
    char *next = lima_hyperv_lack_next(lack, rights);
    bool ok = wish != HYPERV_NETWORK_HCN || lack == HYPERV_LACK_NOTHING;

    if (ok)
        *ret = choose(wish, lack, cause, next);
    else
        lima_err_set(err, lima_hyperv_lack_code(lack),
                     "the network 'hcn' is not possible: %s; %s, or set vmOpts.hyperv.network to auto", cause,
                     next);
    free(next);
    return ok;
}

void lima_hyperv_network_choice_free(hyperv_network_choice *choice)
{
    free(choice->reason);
    *choice = (hyperv_network_choice){0};
}

/* ---- which subnet and address ---- */

/* 172.29.64.0/20, 192.168.176.0/20, 10.213.64.0/20, and of the range for benchmarks 198.18.64.0/20. */
static const lima_ipv4_net pools[] = {{0xac1d4000, 20}, {0xc0a8b000, 20}, {0x0ad54000, 20}, {0xc6124000, 20}};

/* The first network in `taken` that overlaps; those of fewer than `at_least` bits do not count. */
static const lima_ipv4_net *in_the_way(const lima_ipv4_net *taken, size_t count, lima_ipv4_net subnet,
                                       unsigned at_least)
{
    for (size_t i = 0; i < count; i++)
        if (taken[i].bits >= at_least && lima_ipv4_net_overlap(taken[i], subnet))
            return &taken[i];
    return NULL;
}

static bool find_free(const lima_ipv4_net *taken, size_t count, unsigned at_least, lima_ipv4_net *ret)
{
    for (size_t pool = 0; pool < sizeof pools / sizeof pools[0]; pool++) {
        uint32_t step = UINT32_C(1) << (32 - HYPERV_SUBNET_BITS);
        for (uint32_t base = pools[pool].base; lima_ipv4_net_has(pools[pool], base); base += step) {
            lima_ipv4_net subnet = {base, HYPERV_SUBNET_BITS};
            if (!in_the_way(taken, count, subnet, at_least)) {
                *ret = subnet;
                return true;
            }
        }
    }
    return false;
}

static bool is_usable(lima_ipv4_net subnet)
{
    return subnet.bits == HYPERV_SUBNET_BITS
           && subnet.base == lima_ipv4_net_of(subnet.base, subnet.bits).base;
}

bool lima_hyperv_subnet_choose(const lima_ipv4_net *taken, size_t count, lima_ipv4_net before,
                               lima_ipv4_net *ret, lima_ipv4_net *ret_hidden, lima_err *err)
{
    lima_ipv4_net found = before;
    bool ok = is_usable(before) && !in_the_way(taken, count, before, HALF_BITS + 1);

    ok = ok || find_free(taken, count, HALF_BITS + 1, &found)
         || find_free(taken, count, LARGE_BITS + 1, &found);
    if (!ok)
        return lima_err_set(
            err, LIMA_CODE_RESOURCE_EXHAUSTED,
            "no subnet is free for the network of the VMs: routes of this computer cover all that "
            "could be used (172.29.64.0/20, 192.168.176.0/20, 10.213.64.0/20, 198.18.64.0/20); set "
            "vmOpts.hyperv.network to hvsocket");
    const lima_ipv4_net *around = in_the_way(taken, count, found, HALF_BITS + 1);
    *ret = found;
    *ret_hidden = around ? *around : (lima_ipv4_net){0};
    return true;
}

uint32_t lima_hyperv_gateway(lima_ipv4_net subnet)
{
    return subnet.base + 1;
}

static bool is_used(uint32_t address, const uint32_t *used, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (used[i] == address)
            return true;
    return false;
}

bool lima_hyperv_address_choose(lima_ipv4_net subnet, const char *inst_dir, const uint32_t *used,
                                size_t count, uint32_t *ret, lima_err *err)
{
    uint32_t host = lima_identity_draw("hyperv address", inst_dir, 0, HOST_MIN, HOST_MAX);

    for (uint32_t tried = HOST_MIN; tried <= HOST_MAX; tried++) {
        uint32_t address = subnet.base + host;
        if (!is_used(address, used, count)) {
            *ret = address;
            return true;
        }
        host = host == HOST_MAX ? HOST_MIN : host + 1;
    }
    return lima_err_set(
        err, LIMA_CODE_RESOURCE_EXHAUSTED,
        "all %d addresses of the VMs' network are in use; delete instances that are not needed",
        HOST_MAX - HOST_MIN + 1);
}

/* ---- names ---- */

void lima_hyperv_vm_id(const char *inst_dir, char ret[LIMA_GUID_SIZE])
{
    lima_identity_guid("hyperv vm", inst_dir, ret);
}

void lima_hyperv_endpoint_id(const char *inst_dir, char ret[LIMA_GUID_SIZE])
{
    lima_identity_guid("hyperv endpoint", inst_dir, ret);
}

void lima_hyperv_network_id(char ret[LIMA_GUID_SIZE])
{
    lima_guid_from_name("hyperv network", "lima", ret);
}

/* ---- how the guest's address is found ---- */

const char *lima_hyperv_address_way_name(hyperv_address_way way)
{
    static const char *const names[HYPERV_ADDRESS_WAYS] = {
        "its network endpoint", "this computer's neighbour table", "its name in mshome.net"};
    return names[way];
}

bool lima_hyperv_address_failed(const char *const why[HYPERV_ADDRESS_WAYS], lima_err *err)
{
    lima_buf tried = LIMA_BUF(REASON_MAX);

    for (int way = 0; way < HYPERV_ADDRESS_WAYS; way++)
        if (why[way])
            lima_buf_addf(&tried, "%s%s (%.100s)", tried.len ? ", " : "",
                          lima_hyperv_address_way_name((hyperv_address_way)way),
                          *why[way] ? why[way] : "nothing answers there");
    lima_err_set(
        err, LIMA_CODE_UNAVAILABLE,
        "the guest's address is not known; tried: %s; look into serial.log for how far its boot went",
        tried.len ? lima_buf_str(&tried) : "nothing");
    lima_buf_free(&tried);
    return false;
}
