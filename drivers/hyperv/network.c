/* How it works: one lock per user orders everything that makes or sweeps; another user's instances meet ours in the
 * service itself, which refuses an id or subnet that is taken: then one looks again. The network is made for the
 * subnet that the instance had before if that is still free, and is gone when Windows restarts. */
#include "hyperv/network.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "hyperv/look.h"
#include "hyperv/network_document.h"
#include "hyperv/network_plan.h"
#include "hyperv/record.h"
#include "os/host.h"
#include "win/hcn.h"
#include "win/routes.h"

enum {
    CALL_MS = 30000,
    LOCK_MS = 60000,
    ADDRESS_MS = 10000,
    PAUSE_MS = 100,
    TRIES = 4,
    NETS_MAX = 4096,
};

typedef struct nets {
    lima_ipv4_net *items; /* owned */
    size_t len;
} nets;

typedef struct work {
    const lima_instance *inst;
    lima_wake *wake;
    char network[LIMA_GUID_SIZE], vm[LIMA_GUID_SIZE];
    lima_ipv4_net subnet;
    uint32_t *used; /* owned; addresses of other endpoints */
    size_t used_len;
} work;

static lima_deadline soon(void)
{
    return lima_clock_in(CALL_MS);
}

/* ---- asking ---- */

static bool properties(const work *w, lima_hcn_kind kind, const char *id, char **ret, lima_err *err)
{
    char *query = lima_hyperv_network_query(NULL);
    bool ok = lima_hcn_query(kind, id, query, soon(), w->wake, ret, err);

    free(query);
    return ok;
}

static bool list(const work *w, lima_hcn_kind kind, lima_strv *ret, lima_err *err)
{
    char *query = lima_hyperv_network_query(NULL), *text = NULL;
    bool ok = lima_hcn_enumerate(kind, query, soon(), w->wake, &text, err)
              && lima_hyperv_guids_parse(text, strlen(text), ret, err);

    free(text);
    free(query);
    return ok;
}

static bool network_facts(const work *w, const char *id, hyperv_network_facts *ret, lima_err *err)
{
    char *text = NULL;
    bool ok = properties(w, LIMA_HCN_NETWORK, id, &text, err)
              && lima_hyperv_network_facts_parse(text, strlen(text), ret, err);

    free(text);
    return ok;
}

static bool endpoint_facts(const work *w, const char *id, hyperv_endpoint_facts *ret, lima_err *err)
{
    char *text = NULL;
    bool ok = properties(w, LIMA_HCN_ENDPOINT, id, &text, err)
              && lima_hyperv_endpoint_facts_parse(text, strlen(text), ret, err);

    free(text);
    return ok;
}

/* ---- the network ---- */

static void add_net(nets *to, lima_ipv4_net net)
{
    if (!net.bits || to->len == NETS_MAX)
        return;
    to->items = lima_mem_resize(to->items, to->len + 1, sizeof *to->items);
    to->items[to->len++] = net;
}

/* Routes of this computer, and networks that have none at the moment. */
static bool taken_nets(const work *w, nets *ret, lima_err *err)
{
    lima_strv ids = {0};
    lima_ipv4_net *routes = NULL;
    size_t count = 0;
    bool ok = lima_routes_get(&routes, &count, err) && list(w, LIMA_HCN_NETWORK, &ids, err);

    for (size_t i = 0; ok && i < count; i++)
        add_net(ret, routes[i]);
    for (size_t i = 0; ok && i < ids.len; i++) {
        hyperv_network_facts facts = {0};
        if (network_facts(w, ids.items[i], &facts, NULL)) /* else it has just gone */
            add_net(ret, facts.subnet);
    }
    free(routes);
    lima_strv_free(&ids);
    return ok;
}

static void tell_hidden(lima_ipv4_net hidden)
{
    char text[LIMA_IPV4_SIZE];

    if (!hidden.bits)
        return;
    lima_ipv4_print(hidden.base, text);
    lima_log_warn(
        "network of the VMs: no subnet is quite free, so it takes a part of %s/%u; computers with these "
        "addresses cannot be reached while VMs run",
        text, hidden.bits);
}

static bool make_network(work *w, nets *taken, lima_err *err)
{
    hyperv_record before;
    lima_ipv4_net hidden = {0};

    lima_hyperv_record_read(w->inst, &before);
    if (!lima_hyperv_subnet_choose(taken->items, taken->len, before.subnet, &w->subnet, &hidden, err))
        return false;
    char *document = lima_hyperv_network_document(w->subnet);
    bool ok = lima_hcn_create_network(w->network, document, soon(), w->wake, err);
    free(document);
    if (ok)
        tell_hidden(hidden);
    else
        add_net(taken, w->subnet);
    return ok || lima_err_wrap(err, "make the network of the VMs");
}

static bool find_network(work *w, bool *ret_found, lima_err *err)
{
    hyperv_network_facts facts = {0};
    lima_err why = {0};

    *ret_found = network_facts(w, w->network, &facts, &why);
    w->subnet = facts.subnet;
    if (*ret_found && !facts.subnet.bits)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "the network '" HYPERV_NETWORK_NAME
                            "' has no subnet; end all VMs, and restart the "
                            "service hns");
    return *ret_found || why.code == LIMA_CODE_NOT_FOUND
           || (lima_err_set(err, why.code, "%s", why.text) || lima_err_wrap(err, "network of the VMs"));
}

static bool ensure_network(work *w, lima_err *err)
{
    nets taken = {0};
    lima_err why = {0};
    bool found = false, ok = find_network(w, &found, err) && (found || taken_nets(w, &taken, err));

    for (unsigned i = 0; ok && !found; i++) {
        found = make_network(w, &taken, &why);
        if (!found && (why.code != LIMA_CODE_ALREADY_EXISTS || i + 1 == TRIES))
            ok = lima_err_set(err, why.code, "%s", why.text);
        else if (!found)
            ok = find_network(w, &found, err);
    }
    free(taken.items);
    return ok;
}

/* ---- endpoints ---- */

static bool delete_endpoint(const work *w, const char *id, lima_err *err)
{
    lima_err why = {0};

    return lima_hcn_delete(LIMA_HCN_ENDPOINT, id, soon(), w->wake, &why) || why.code == LIMA_CODE_NOT_FOUND
           || lima_err_set(err, why.code, "network endpoint of the VM: %s", why.text);
}

static void note_used(work *w, uint32_t address)
{
    w->used = lima_mem_resize(w->used, w->used_len + 1, sizeof *w->used);
    w->used[w->used_len++] = address;
}

/* Of VMs that are gone; what the others have is noted. A leftover that stays costs an address only. */
static bool sweep(work *w, lima_err *err)
{
    lima_strv ids = {0}, vms = {0};
    bool ok = lima_hyperv_look_all(soon(), w->wake, &vms, err) && list(w, LIMA_HCN_ENDPOINT, &ids, err);

    for (size_t i = 0; ok && i < ids.len; i++) {
        hyperv_endpoint_facts facts = {0};
        lima_err why = {0};
        if (!endpoint_facts(w, ids.items[i], &facts, &why))
            continue; /* it has just gone */
        if (!lima_hyperv_endpoint_is_stale(&facts, &vms)) {
            note_used(w, facts.address);
            continue;
        }
        lima_log_info("network of the VMs: removing the endpoint of VM %s, which is gone", facts.vm);
        if (!delete_endpoint(w, ids.items[i], &why))
            lima_log_warn("%s", why.text);
    }
    lima_strv_free(&vms);
    lima_strv_free(&ids);
    return ok;
}

static bool make_endpoint(const work *w, hyperv_attachment *made, uint32_t *ret_address, lima_err *err)
{
    hyperv_endpoint_wish wish = {
        .network = w->network, .vm = w->vm, .mac = made->mac, .bits = w->subnet.bits};
    char *document = NULL;
    bool ok = lima_hyperv_address_choose(w->subnet, w->inst->dir, w->used, w->used_len, &wish.address, err)
              && lima_hyperv_endpoint_document(&wish, &document, err)
              && (lima_hcn_create_endpoint(w->network, made->endpoint, document, soon(), w->wake, err)
                  || lima_err_wrap(err, "network endpoint of the VM"));

    free(document);
    *ret_address = wish.address;
    return ok;
}

/* The address that the service has given it, else the one it was asked for (facts 5.6). */
static bool learn_address(const work *w, uint32_t chosen, hyperv_attachment *made, lima_err *err)
{
    lima_deadline deadline = lima_clock_in(ADDRESS_MS);
    hyperv_endpoint_facts facts = {0};
    lima_err why = {0};

    while (endpoint_facts(w, made->endpoint, &facts, &why) && !facts.address && lima_clock_now() < deadline)
        if (lima_wake_wait(w->wake, lima_clock_in(PAUSE_MS)))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "start cancelled");
    if (!facts.address && *why.text)
        return lima_err_set(err, why.code, "network endpoint of the VM: %s", why.text);
    if (!facts.address)
        lima_log_info("instance '%s': its endpoint tells no address; taking the one it was asked for",
                      w->inst->name);
    lima_ipv4_print(facts.address ? facts.address : chosen, made->address);
    return true;
}

static bool attach(work *w, hyperv_attachment *made, lima_err *err)
{
    uint32_t chosen = 0;

    return delete_endpoint(w, made->endpoint, err) && ensure_network(w, err) && sweep(w, err)
           && make_endpoint(w, made, &chosen, err) && learn_address(w, chosen, made, err);
}

/* ---- all together ---- */

static bool take_lock(lima_file_lock **ret, lima_err *err)
{
    char *path = lima_mem_printf("%s/lima-hyperv-network.lock", lima_host_get()->temp);
    bool ok = lima_file_lock_take(path, lima_clock_in(LOCK_MS), ret, err)
              || lima_err_wrap(err, "another instance works on the network of the VMs");

    free(path);
    return ok;
}

static work work_on(const lima_instance *inst, lima_wake *wake)
{
    work w = {.inst = inst, .wake = wake};

    lima_hyperv_network_id(w.network);
    lima_hyperv_vm_id(inst->dir, w.vm);
    return w;
}

/* What else is in it stays. */
static bool remember(const work *w, const char *address, lima_err *err)
{
    hyperv_record record;

    lima_hyperv_record_read(w->inst, &record);
    record.network = HYPERV_NETWORK_HCN;
    record.subnet = w->subnet;
    memcpy(record.address, address, sizeof record.address);
    return lima_hyperv_record_write(w->inst, &record, err);
}

bool lima_hyperv_network_attach(const lima_instance *inst, lima_wake *wake, hyperv_attachment *ret,
                                lima_err *err)
{
    work w = work_on(inst, wake);
    hyperv_attachment made = {0};

    lima_hyperv_endpoint_id(inst->dir, made.endpoint);
    lima_identity_mac(lima_host_get()->machine_id, inst->dir, made.mac);
    bool ok = take_lock(&made.lock, err) && attach(&w, &made, err) && remember(&w, made.address, err);
    if (ok) {
        *ret = made;
    } else {
        /* a call that has failed, or timed out, may have made it */
        w.wake = NULL;
        if (made.lock)
            delete_endpoint(&w, made.endpoint, NULL);
        lima_hyperv_network_settled(&made);
    }
    free(w.used);
    return ok;
}

void lima_hyperv_network_settled(hyperv_attachment *attachment)
{
    if (attachment->lock)
        lima_file_lock_release(attachment->lock);
    attachment->lock = NULL;
}

bool lima_hyperv_network_address(const lima_instance *inst, lima_wake *wake, char ret[LIMA_IPV4_SIZE],
                                 lima_err *err)
{
    work w = work_on(inst, wake);
    hyperv_endpoint_facts facts = {0};
    char id[LIMA_GUID_SIZE];

    lima_hyperv_endpoint_id(inst->dir, id);
    if (!endpoint_facts(&w, id, &facts, err))
        return false;
    if (!facts.address)
        return lima_err_set(err, LIMA_CODE_NOT_FOUND, "its endpoint tells no address");
    lima_ipv4_print(facts.address, ret);
    return true;
}

bool lima_hyperv_network_detach(const lima_instance *inst, lima_wake *wake, lima_err *err)
{
    work w = work_on(inst, wake);
    char endpoint[LIMA_GUID_SIZE];

    lima_hyperv_endpoint_id(inst->dir, endpoint);
    return delete_endpoint(&w, endpoint, err);
}

static bool remove_network(work *w, lima_err *err)
{
    lima_err why = {0};

    return lima_hcn_delete(LIMA_HCN_NETWORK, w->network, soon(), w->wake, &why)
           || why.code == LIMA_CODE_NOT_FOUND || why.code == LIMA_CODE_FAILED_PRECONDITION
           || lima_err_set(err, why.code, "network of the VMs: %s", why.text);
}

bool lima_hyperv_network_remove(const lima_instance *inst, lima_wake *wake, lima_err *err)
{
    work w = work_on(inst, wake);
    lima_file_lock *lock = NULL;
    bool ok = take_lock(&lock, err) && lima_hyperv_network_detach(inst, wake, err) && remove_network(&w, err);

    if (lock)
        lima_file_lock_release(lock);
    return ok;
}
