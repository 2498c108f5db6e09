/* We write the newer dialect and read both: a network that somebody has looked at with old tools, and queries
 * without a version, come back in the old one. */
#include "hyperv/network_document.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"
#include "hyperv/document.h"
#include "hyperv/network_plan.h"

/* Flags of a network (facts 5.2): DNS proxy, DHCP, gone after a restart, own switch. */
enum { NETWORK_FLAGS = 1 | 2 | 8 | 32 };

static lima_json *new_document(void)
{
    lima_json *json = lima_json_new_object();
    lima_json_set_int(json, 2, "SchemaVersion.Major");
    lima_json_set_int(json, 0, "SchemaVersion.Minor");
    return json;
}

static char *finish(lima_json *json)
{
    char *text = lima_json_print(json);
    lima_json_free(json);
    return text;
}

char *lima_hyperv_network_document(lima_ipv4_net subnet)
{
    lima_json *json = new_document();
    char base[LIMA_IPV4_SIZE], gateway[LIMA_IPV4_SIZE];
    char *prefix = NULL;

    lima_ipv4_print(subnet.base, base);
    lima_ipv4_print(lima_hyperv_gateway(subnet), gateway);
    prefix = lima_mem_printf("%s/%u", base, subnet.bits);
    lima_json_set_str(json, HYPERV_NETWORK_NAME, "Name");
    lima_json_set_str(json, "ICS", "Type");
    lima_json_set_int(json, NETWORK_FLAGS, "Flags");
    lima_json_set_empty_array(json, "Ipams");
    lima_json_set_str(json, "Static", "Ipams[0].Type");
    lima_json_set_empty_array(json, "Ipams[0].Subnets");
    lima_json_set_str(json, prefix, "Ipams[0].Subnets[0].IpAddressPrefix");
    lima_json_set_empty_array(json, "Ipams[0].Subnets[0].Routes");
    lima_json_set_str(json, gateway, "Ipams[0].Subnets[0].Routes[0].NextHop");
    lima_json_set_str(json, "0.0.0.0/0", "Ipams[0].Subnets[0].Routes[0].DestinationPrefix");
    free(prefix);
    return finish(json);
}

bool lima_hyperv_endpoint_document(const hyperv_endpoint_wish *wish, char **ret, lima_err *err)
{
    char mac[HYPERV_MAC_SIZE], address[LIMA_IPV4_SIZE];

    if (!lima_hyperv_mac(wish->mac, mac))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "'%.40s' is not a MAC address like 52:55:55:12:34:56", wish->mac);
    lima_json *json = new_document();
    char *name = lima_mem_printf(HYPERV_ENDPOINT_PREFIX "%s", wish->vm);
    lima_json_set_str(json, wish->network, "HostComputeNetwork");
    lima_json_set_str(json, name, "Name");
    lima_json_set_str(json, mac, "MacAddress");
    lima_json_set_empty_array(json, "IpConfigurations");
    if (wish->address) {
        lima_ipv4_print(wish->address, address);
        lima_json_set_str(json, address, "IpConfigurations[0].IpAddress");
        lima_json_set_int(json, wish->bits, "IpConfigurations[0].PrefixLength");
    }
    lima_json_set_empty_array(json, "Policies");
    free(name);
    *ret = finish(json);
    return true;
}

/* The filter is a text that holds JSON. */
char *lima_hyperv_network_query(const char *name)
{
    lima_json *json = new_document();

    lima_json_set_int(json, 0, "Flags");
    if (name) {
        lima_json *filter = lima_json_new_object();
        lima_json_set_str(filter, name, "Name");
        char *text = finish(filter);
        lima_json_set_str(json, text, "Filter");
        free(text);
    }
    return finish(json);
}

bool lima_hyperv_guids_parse(const char *text, size_t len, lima_strv *ret, lima_err *err)
{
    lima_json *json = NULL;
    lima_strv found = {0};
    bool ok = lima_json_parse(text, len, &json, err);

    if (ok && lima_json_get_kind(json, "%s", "") != LIMA_JSON_ARRAY)
        ok = lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "no list");
    size_t count = ok ? lima_json_count(json, "%s", "") : 0;
    for (size_t i = 0; i < count && found.len < HYPERV_GUIDS_MAX; i++) {
        char guid[LIMA_GUID_SIZE];
        if (lima_guid_parse(lima_json_str(json, "", "[%zu]", i), guid) && !lima_strv_has(&found, guid))
            lima_strv_add(&found, guid);
    }
    if (ok)
        lima_strv_add_all(ret, &found);
    lima_strv_free(&found);
    lima_json_free(json);
    return ok || lima_err_wrap(err, "list of the Host Compute Network service");
}

/* The first of two paths that has a text: new dialect, old one. */
static const char *either(const lima_json *json, const char *newer, const char *older)
{
    const char *text = lima_json_str(json, "", "%s", newer);
    return *text ? text : lima_json_str(json, "", "%s", older);
}

static bool parse_object(const char *text, size_t len, const char *what, lima_json **ret, lima_err *err)
{
    lima_json *json = NULL;
    bool ok = lima_json_parse(text, len, &json, err);

    if (ok && lima_json_get_kind(json, "%s", "") != LIMA_JSON_OBJECT)
        ok = lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "no object");
    if (ok)
        *ret = json;
    else
        lima_json_free(json);
    return ok || lima_err_wrap(err, "properties of the %s", what);
}

bool lima_hyperv_network_facts_parse(const char *text, size_t len, hyperv_network_facts *ret, lima_err *err)
{
    lima_json *json = NULL;
    hyperv_network_facts made = {0};

    if (!parse_object(text, len, "network", &json, err))
        return false;
    lima_guid_parse(either(json, "ID", "Id"), made.id);
    lima_ipv4_net_parse(either(json, "Ipams[0].Subnets[0].IpAddressPrefix", "Subnets[0].AddressPrefix"),
                        &made.subnet);
    made.ics = lima_str_eq_nocase(lima_json_str(json, "", "Type"), "ICS");
    lima_json_free(json);
    *ret = made;
    return true;
}

bool lima_hyperv_endpoint_facts_parse(const char *text, size_t len, hyperv_endpoint_facts *ret, lima_err *err)
{
    lima_json *json = NULL;
    hyperv_endpoint_facts made = {0};

    if (!parse_object(text, len, "endpoint", &json, err))
        return false;
    const char *name = lima_json_str(json, "", "Name");
    if (lima_str_has_prefix(name, HYPERV_ENDPOINT_PREFIX))
        lima_guid_parse(name + strlen(HYPERV_ENDPOINT_PREFIX), made.vm);
    lima_guid_parse(either(json, "ID", "Id"), made.id);
    lima_guid_parse(either(json, "HostComputeNetwork", "VirtualNetwork"), made.network);
    lima_hyperv_mac(lima_json_str(json, "", "MacAddress"), made.mac);
    lima_ipv4_parse(either(json, "IpConfigurations[0].IpAddress", "IPAddress"), &made.address);
    lima_json_free(json);
    *ret = made;
    return true;
}

bool lima_hyperv_endpoint_is_stale(const hyperv_endpoint_facts *endpoint, const lima_strv *vms)
{
    char network[LIMA_GUID_SIZE];

    lima_hyperv_network_id(network);
    return *endpoint->vm && lima_str_eq(endpoint->network, network) && !lima_strv_has(vms, endpoint->vm);
}
