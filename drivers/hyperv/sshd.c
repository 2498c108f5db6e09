/* How it works: each way gives an address, which is tried unless it was already. The one that answers is remembered if
 * it is not the endpoint's, and comes first from then on: else each connection would wait for the wrong one. A guest
 * that still boots answers nowhere: then all ways are gone through in vain, within seconds. */
#include "hyperv/sshd.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "hyperv/network_plan.h"
#include "os/host.h"
#include "win/neighbours.h"
#include "win/tcp.h"

enum { PORT = 22, CONNECT_MS = 5000, NAME_MS = 2000, WHY_SIZE = 160 };

typedef struct search {
    hyperv_sshd *sshd;
    lima_wake *wake;
    char tried[HYPERV_ADDRESS_WAYS][LIMA_IPV4_SIZE];
    char why[HYPERV_ADDRESS_WAYS][WHY_SIZE];
} search;

void lima_hyperv_sshd_init(const lima_instance *inst, const char *address, hyperv_sshd *ret)
{
    snprintf(ret->address, sizeof ret->address, "%s", address);
    snprintf(ret->name, sizeof ret->name, "lima-%s.mshome.net", inst->name);
    lima_identity_mac(lima_host_get()->machine_id, inst->dir, ret->mac);
    atomic_store(&ret->last, 0);
}

static bool find(const search *s, hyperv_address_way way, char ret[LIMA_IPV4_SIZE], lima_err *err)
{
    switch (way) {
    case HYPERV_ADDRESS_ENDPOINT:
        memcpy(ret, s->sshd->address, LIMA_IPV4_SIZE);
        return *ret || lima_err_set(err, LIMA_CODE_NOT_FOUND, "it has none");
    case HYPERV_ADDRESS_NEIGHBOUR:
        return lima_neighbour_find(s->sshd->mac, ret, err);
    case HYPERV_ADDRESS_NAME:
        return lima_neighbour_resolve(s->sshd->name, lima_clock_in(NAME_MS), s->wake, ret, err);
    case HYPERV_ADDRESS_WAYS:
        break;
    }
    return false;
}

static bool was_tried(const search *s, const char *address)
{
    for (size_t i = 0; i < HYPERV_ADDRESS_WAYS; i++)
        if (!strcmp(s->tried[i], address))
            return true;
    return false;
}

static bool connect_to(const search *s, const char *address, lima_stream **ret, lima_err *err)
{
    return lima_tcp_connect(address, PORT, lima_clock_in(CONNECT_MS), s->wake, ret, err);
}

static bool try_way(search *s, hyperv_address_way way, lima_stream **ret, lima_err *err)
{
    char address[LIMA_IPV4_SIZE] = "";

    if (!find(s, way, address, err))
        return false;
    if (was_tried(s, address))
        return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "%s too", address);
    memcpy(s->tried[way], address, sizeof address);
    return connect_to(s, address, ret, err);
}

static void remember(const search *s, hyperv_address_way way)
{
    uint32_t address = 0;

    if (way == HYPERV_ADDRESS_ENDPOINT || !lima_ipv4_parse(s->tried[way], &address))
        return;
    lima_log_info("SSH: the guest answers at %s, which %s tells, and not at %s", s->tried[way],
                  lima_hyperv_address_way_name(way), s->sshd->address);
    atomic_store(&s->sshd->last, address);
}

static bool try_last(const search *s, lima_stream **ret)
{
    uint32_t last = atomic_load(&s->sshd->last);
    char address[LIMA_IPV4_SIZE];

    if (!last)
        return false;
    lima_ipv4_print(last, address);
    if (connect_to(s, address, ret, NULL))
        return true;
    atomic_store(&s->sshd->last, 0);
    return false;
}

bool lima_hyperv_sshd_dial(hyperv_sshd *sshd, lima_wake *wake, lima_stream **ret, lima_err *err)
{
    search s = {.sshd = sshd, .wake = wake};
    const char *why[HYPERV_ADDRESS_WAYS];

    if (try_last(&s, ret))
        return true;
    for (hyperv_address_way way = 0; way < HYPERV_ADDRESS_WAYS; way++) {
        lima_err failed = {0};
        if (try_way(&s, way, ret, &failed)) {
            remember(&s, way);
            return true;
        }
        if (failed.code == LIMA_CODE_CANCELLED)
            return lima_err_set(err, failed.code, "%s", failed.text);
        snprintf(s.why[way], WHY_SIZE, "%.*s", WHY_SIZE - 1, failed.text);
        why[way] = s.why[way];
    }
    return lima_hyperv_address_failed(why, err);
}
