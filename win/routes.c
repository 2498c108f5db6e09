/* iphlpapi.dll is loaded when it is needed: few programs ever are there. The tables are Windows' own and are
 * given back to it. */
#include "routes.h"

#include <winsock2.h>
#include <ws2tcpip.h>

#include <iphlpapi.h>
#include <netioapi.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dll.h"
#include "win_err.h"

enum { NETS_MAX = 8192, ANSWER_BYTES = 16 * 1024, ANSWER_MAX = 1024 * 1024, RESOLVERS_MAX = 16 };

typedef DWORD(WINAPI *forward_fn)(ADDRESS_FAMILY, PMIB_IPFORWARD_TABLE2 *);
typedef DWORD(WINAPI *unicast_fn)(ADDRESS_FAMILY, PMIB_UNICASTIPADDRESS_TABLE *);
typedef void(WINAPI *free_fn)(PVOID);
typedef ULONG(WINAPI *adapters_fn)(ULONG, ULONG, PVOID, PIP_ADAPTER_ADDRESSES, PULONG);

#define FUNCTION(type, name) ((type)lima_win_dll_system(L"iphlpapi.dll", name))

typedef struct nets {
    lima_ipv4_net *items;
    size_t len;
} nets;

static void add(nets *to, const struct sockaddr_in *at, unsigned bits)
{
    uint32_t address = ntohl(at->sin_addr.s_addr);
    bool own = address >> 24 == 127 || address >> 28 >= 14;

    if (own || bits >= 32 || to->len == NETS_MAX)
        return;
    to->items = lima_mem_resize(to->items, to->len + 1, sizeof *to->items);
    to->items[to->len++] = lima_ipv4_net_of(address, bits);
}

static DWORD add_routes(nets *to, free_fn give_back)
{
    PMIB_IPFORWARD_TABLE2 table = NULL;
    forward_fn get = FUNCTION(forward_fn, "GetIpForwardTable2");
    DWORD failed = get ? get(AF_INET, &table) : ERROR_PROC_NOT_FOUND;

    for (ULONG i = 0; !failed && i < table->NumEntries; i++)
        add(to, &table->Table[i].DestinationPrefix.Prefix.Ipv4,
            table->Table[i].DestinationPrefix.PrefixLength);
    if (!failed)
        give_back(table);
    return failed;
}

static DWORD add_addresses(nets *to, free_fn give_back)
{
    PMIB_UNICASTIPADDRESS_TABLE table = NULL;
    unicast_fn get = FUNCTION(unicast_fn, "GetUnicastIpAddressTable");
    DWORD failed = get ? get(AF_INET, &table) : ERROR_PROC_NOT_FOUND;

    for (ULONG i = 0; !failed && i < table->NumEntries; i++)
        add(to, &table->Table[i].Address.Ipv4, table->Table[i].OnLinkPrefixLength);
    if (!failed)
        give_back(table);
    return failed;
}

bool lima_routes_get(lima_ipv4_net **ret, size_t *ret_count, lima_err *err)
{
    nets made = {0};
    free_fn give_back = FUNCTION(free_fn, "FreeMibTable");
    DWORD failed = give_back ? add_routes(&made, give_back) : ERROR_PROC_NOT_FOUND;

    failed = failed ? failed : add_addresses(&made, give_back);
    if (failed) {
        free(made.items);
        return lima_win_fail(err, failed, "routes of this computer");
    }
    *ret = made.items;
    *ret_count = made.len;
    return true;
}

/* ---- resolvers ---- */

/* The list may grow between two calls. Owned; NULL: *ret_failed tells. */
static IP_ADAPTER_ADDRESSES *adapters(DWORD *ret_failed)
{
    const ULONG flags = GAA_FLAG_SKIP_UNICAST | GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST;
    adapters_fn get = FUNCTION(adapters_fn, "GetAdaptersAddresses");
    ULONG size = ANSWER_BYTES;
    IP_ADAPTER_ADDRESSES *found = NULL;

    *ret_failed = get ? ERROR_BUFFER_OVERFLOW : ERROR_PROC_NOT_FOUND;
    while (*ret_failed == ERROR_BUFFER_OVERFLOW && size <= ANSWER_MAX) {
        free(found);
        found = lima_mem_zalloc(1, size);
        *ret_failed = get(AF_INET, flags, NULL, found, &size);
    }
    if (!*ret_failed)
        return found;
    free(found);
    return NULL;
}

static void add_resolvers(const IP_ADAPTER_ADDRESSES *adapter, lima_strv *ret)
{
    char text[LIMA_IPV4_SIZE];

    for (const IP_ADAPTER_DNS_SERVER_ADDRESS *at = adapter->FirstDnsServerAddress; at; at = at->Next) {
        const struct sockaddr_in *address = (const struct sockaddr_in *)(const void *)at->Address.lpSockaddr;
        if (address->sin_family != AF_INET || ntohl(address->sin_addr.s_addr) >> 24 == 127)
            continue;
        lima_ipv4_print(ntohl(address->sin_addr.s_addr), text);
        if (!lima_strv_has(ret, text) && ret->len < RESOLVERS_MAX)
            lima_strv_add(ret, text);
    }
}

bool lima_routes_resolvers(lima_strv *ret, lima_err *err)
{
    DWORD failed = 0;
    IP_ADAPTER_ADDRESSES *list = adapters(&failed);

    if (failed == ERROR_NO_DATA)
        return true;
    if (!list)
        return lima_win_fail(err, failed, "resolvers of this computer");
    for (const IP_ADAPTER_ADDRESSES *at = list; at; at = at->Next)
        if (at->OperStatus == IfOperStatusUp)
            add_resolvers(at, ret);
    free(list);
    return true;
}
