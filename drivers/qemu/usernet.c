/* How it works: one HTTP request per question. The address is polled for, because the daemon tells nobody
 * when it gives one away; names go to it zone by zone: "host.lima.internal" is the record "host.lima" of
 * the zone "internal.", a name without a dot is a zone of its own. */
#include "qemu/usernet.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"
#include "data/yaml.h"
#include "qemu/http.h"

enum { ALIASES_MAX = 8 };

bool lima_qemu_usernet_find_lease(const char *json, size_t len, const char *mac, char **ret_ip, lima_err *err)
{
    lima_json *leases = NULL;
    lima_strv ips = {0};
    char *found = NULL;

    if (!lima_json_parse(json, len, &leases, err))
        return lima_err_wrap(err, "list of leases");
    lima_json_keys(leases, &ips, "%s", "");
    for (size_t i = 0; i < ips.len && !found; i++)
        if (lima_str_eq_nocase(lima_json_str(leases, NULL, "\"%s\"", ips.items[i]), mac))
            found = lima_mem_strdup(ips.items[i]);
    lima_strv_free(&ips);
    lima_json_free(leases);
    *ret_ip = found;
    return true;
}

static bool ask_lease(const char *endpoint, const char *mac, lima_deadline deadline, lima_wake *wake,
                      char **ret_ip, lima_err *err)
{
    lima_buf body = LIMA_BUF(QEMU_HTTP_BYTES_MAX);
    lima_deadline call = lima_clock_in(QEMU_USERNET_CALL_MS);
    bool ok = lima_qemu_http(endpoint, "GET", "/services/dhcp/leases", NULL,
                             call < deadline ? call : deadline, wake, &body, err)
              && lima_qemu_usernet_find_lease(lima_buf_str(&body), body.len, mac, ret_ip, err);

    lima_buf_free(&body);
    return ok;
}

bool lima_qemu_usernet_await_lease(const char *endpoint, const char *mac, lima_deadline deadline,
                                   lima_wake *wake, char **ret_ip, lima_err *err)
{
    lima_err last = {0};

    for (;;) {
        char *ip = NULL;
        if (ask_lease(endpoint, mac, deadline, wake, &ip, &last)) {
            last = (lima_err){0};
            if (ip) {
                *ret_ip = ip;
                return true;
            }
        }
        lima_deadline pause = lima_clock_in(QEMU_USERNET_POLL_MS);
        if (lima_wake_wait(wake, pause < deadline ? pause : deadline))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "the guest's address: cancelled");
        if (lima_clock_now() >= deadline)
            break;
    }
    return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED,
                        "the guest (%s) got no address from the network daemon in time%s%s", mac,
                        last.code ? ": " : " (did it boot? look into serial.log)", last.text);
}

static bool post(const char *endpoint, const char *target, const char *body, lima_wake *wake, lima_err *err)
{
    return lima_qemu_http(endpoint, "POST", target, body, lima_clock_in(QEMU_USERNET_CALL_MS), wake, NULL,
                          err);
}

bool lima_qemu_usernet_expose(const char *endpoint, const char *address, uint16_t port, const char *ip,
                              lima_wake *wake, lima_err *err)
{
    lima_json *body = lima_json_new_object();
    char *local = lima_mem_printf("%s:%u", address, port);
    char *remote = lima_mem_printf("%s:22", ip);

    lima_json_set_str(body, local, "local");
    lima_json_set_str(body, remote, "remote");
    lima_json_set_str(body, "tcp", "protocol");
    char *text = lima_json_print(body);
    bool ok = post(endpoint, "/services/forwarder/expose", text, wake, err)
              || lima_err_wrap(err, "SSH forward from %s to the guest", local);
    free(text);
    free(remote);
    free(local);
    lima_json_free(body);
    return ok;
}

bool lima_qemu_usernet_unexpose(const char *endpoint, const char *address, uint16_t port, lima_wake *wake,
                                lima_err *err)
{
    lima_json *body = lima_json_new_object();
    char *local = lima_mem_printf("%s:%u", address, port);

    lima_json_set_str(body, local, "local");
    lima_json_set_str(body, "tcp", "protocol");
    char *text = lima_json_print(body);
    bool ok = post(endpoint, "/services/forwarder/unexpose", text, wake, err);
    free(text);
    free(local);
    lima_json_free(body);
    return ok;
}

/* ---- addresses ---- */

static bool parse_ipv4(const char *text, uint32_t *ret)
{
    lima_strv parts = {0};
    uint32_t value = 0;
    bool ok = !lima_str_empty(text);

    lima_str_split(text ? text : "", '.', &parts);
    ok = ok && parts.len == 4;
    for (size_t i = 0; ok && i < 4; i++) {
        uint32_t part = 0;
        ok = lima_parse_u32(parts.items[i], &part, NULL) && part <= 255;
        value = value << 8 | (part & 255);
    }
    lima_strv_free(&parts);
    if (ok)
        *ret = value;
    return ok;
}

static bool is_address(const char *text)
{
    uint32_t ignored;

    return parse_ipv4(text, &ignored)
           || (strchr(text, ':') && strspn(text, "0123456789abcdefABCDEF:.") == strlen(text));
}

char *lima_qemu_usernet_gateway(const char *yaml, size_t len, const char *network)
{
    lima_json *doc = NULL;
    uint32_t gateway, mask;
    char *text = NULL;

    if (!lima_yaml_parse(yaml, len, &doc, NULL))
        return NULL;
    if (parse_ipv4(lima_json_str(doc, "192.168.104.1", "networks.\"%s\".gateway", network), &gateway)
        && parse_ipv4(lima_json_str(doc, "255.255.255.0", "networks.\"%s\".netmask", network), &mask)) {
        uint32_t own = (gateway & mask) + 2;
        text = lima_mem_printf("%u.%u.%u.%u", own >> 24, own >> 16 & 255, own >> 8 & 255, own & 255);
    }
    lima_json_free(doc);
    return text;
}

/* ---- names ---- */

/* Follows names that stand for other names. NULL: leads nowhere. */
static const char *resolve(const lima_json *hosts, const char *name)
{
    for (int i = 0; i < ALIASES_MAX && name; i++) {
        name = lima_json_str(hosts, NULL, "\"%s\"", name);
        if (name && is_address(name))
            return name;
    }
    return NULL;
}

/* Where the last dot of a name is that parts record and zone; NULL: the name is its own zone. */
static const char *zone_dot(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && dot != name && dot[1] ? dot : NULL;
}

static void add_to_zones(lima_json *zones, const char *name, const char *ip)
{
    const char *dot = zone_dot(name);
    char *zone = dot ? lima_mem_printf("%s.", dot + 1) : lima_mem_strdup(name);

    lima_json_set_str(zones, zone, "\"%s\".Name", zone);
    if (!dot) {
        lima_json_set_str(zones, ip, "\"%s\".DefaultIP", zone);
    } else {
        size_t next = lima_json_count(zones, "\"%s\".Records", zone);
        char *record = lima_mem_strndup(name, (size_t)(dot - name));
        lima_json_set_str(zones, record, "\"%s\".Records[%zu].Name", zone, next);
        lima_json_set_str(zones, ip, "\"%s\".Records[%zu].IP", zone, next);
        free(record);
    }
    free(zone);
}

static lima_json *all_hosts(const lima_instance *inst, const char *ip, const char *gateway)
{
    lima_json *hosts = lima_json_get_copy(inst->doc, "config.hostResolver.hosts");

    if (!hosts || lima_json_get_kind(hosts, "%s", "") != LIMA_JSON_OBJECT) {
        lima_json_free(hosts);
        hosts = lima_json_new_object();
    }
    const char *hostname = lima_json_str(inst->doc, "", "hostname");
    if (*hostname)
        lima_json_set_str(hosts, ip, "\"%s.internal\"", hostname);
    if (gateway)
        lima_json_set_str(hosts, gateway, "\"host.lima.internal\"");
    return hosts;
}

void lima_qemu_usernet_zones(const lima_instance *inst, const char *ip, const char *gateway,
                             lima_strv *ret_bodies)
{
    lima_json *hosts = all_hosts(inst, ip, gateway);
    lima_json *zones = lima_json_new_object();
    lima_strv names = {0};
    lima_strv zone_names = {0};

    lima_json_keys(hosts, &names, "%s", "");
    lima_strv_sort(&names);
    for (size_t i = 0; i < names.len; i++) {
        const char *address = *names.items[i] ? resolve(hosts, names.items[i]) : NULL;
        if (address)
            add_to_zones(zones, names.items[i], address);
    }
    lima_json_keys(zones, &zone_names, "%s", "");
    for (size_t i = 0; i < zone_names.len; i++) {
        lima_json *zone = lima_json_get_copy(zones, "\"%s\"", zone_names.items[i]);
        char *body = lima_json_print(zone);
        lima_strv_add(ret_bodies, body);
        free(body);
        lima_json_free(zone);
    }
    lima_strv_free(&zone_names);
    lima_strv_free(&names);
    lima_json_free(zones);
    lima_json_free(hosts);
}

bool lima_qemu_usernet_add_hosts(const char *endpoint, const lima_instance *inst, const char *ip,
                                 const char *gateway, lima_wake *wake, lima_err *err)
{
    lima_strv bodies = {0};
    bool ok = true;

    lima_qemu_usernet_zones(inst, ip, gateway, &bodies);
    for (size_t i = 0; ok && i < bodies.len; i++)
        ok = post(endpoint, "/services/dns/add", bodies.items[i], wake, err);
    lima_strv_free(&bodies);
    return ok;
}
