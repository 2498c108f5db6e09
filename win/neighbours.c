/* The table is Windows' own and given back to it. A question for a name knows no deadline, so it is a job. */
#include "neighbours.h"

#include <winsock2.h>
#include <ws2tcpip.h>

#include <iphlpapi.h>
#include <netioapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "dll.h"
#include "job.h"
#include "net.h"
#include "wide.h"
#include "win_err.h"

enum { MAC_BYTES = 6 };

typedef DWORD(WINAPI *neighbours_fn)(ADDRESS_FAMILY, PMIB_IPNET_TABLE2 *);
typedef void(WINAPI *free_fn)(PVOID);

#define FUNCTION(type, name) ((type)lima_win_dll_system(L"iphlpapi.dll", name))

/* ---- by MAC address ---- */

static bool parse_mac(const char *text, unsigned char ret[MAC_BYTES])
{
    unsigned parts[MAC_BYTES];

    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &parts[0], &parts[1], &parts[2], &parts[3], &parts[4],
               &parts[5])
        != MAC_BYTES)
        return false;
    for (size_t i = 0; i < MAC_BYTES; i++)
        ret[i] = (unsigned char)parts[i];
    return true;
}

static bool is_it(const MIB_IPNET_ROW2 *row, const unsigned char mac[MAC_BYTES])
{
    return row->PhysicalAddressLength == MAC_BYTES && !memcmp(row->PhysicalAddress, mac, MAC_BYTES)
           && row->State != NlnsUnreachable && row->State != NlnsIncomplete;
}

static void print(const struct sockaddr_in *at, char ret[LIMA_IPV4_SIZE])
{
    lima_ipv4_print(ntohl(at->sin_addr.s_addr), ret);
}

static DWORD look(const unsigned char mac[MAC_BYTES], char ret[LIMA_IPV4_SIZE])
{
    MIB_IPNET_TABLE2 *table = NULL;
    neighbours_fn get = FUNCTION(neighbours_fn, "GetIpNetTable2");
    free_fn give_back = FUNCTION(free_fn, "FreeMibTable");
    DWORD failed = get && give_back ? get(AF_INET, &table) : ERROR_PROC_NOT_FOUND;

    for (ULONG i = 0; !failed && !*ret && i < table->NumEntries; i++)
        if (is_it(&table->Table[i], mac))
            print(&table->Table[i].Address.Ipv4, ret);
    if (!failed)
        give_back(table);
    return failed;
}

bool lima_neighbour_find(const char *mac, char ret[LIMA_IPV4_SIZE], lima_err *err)
{
    unsigned char bytes[MAC_BYTES];
    char found[LIMA_IPV4_SIZE] = "";

    if (!parse_mac(mac, bytes))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s' is no MAC address", mac);
    DWORD failed = look(bytes, found);
    if (failed && failed != ERROR_NOT_FOUND) /* it is empty */
        return lima_win_fail(err, failed, "neighbours of this computer");
    if (!*found)
        return lima_err_set(err, LIMA_CODE_NOT_FOUND, "nobody has answered with %s", mac);
    memcpy(ret, found, sizeof found);
    return true;
}

/* ---- by name ---- */

typedef struct question {
    wchar_t *name;
    int failed;
    char answer[LIMA_IPV4_SIZE];
} question;

static void ask(void *arg)
{
    question *q = arg;
    ADDRINFOW wish = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list = NULL;

    q->failed = GetAddrInfoW(q->name, NULL, &wish, &list);
    if (q->failed)
        return;
    print((const struct sockaddr_in *)list->ai_addr, q->answer);
    FreeAddrInfoW(list);
}

static void dispose(void *arg)
{
    question *q = arg;

    free(q->name);
    free(q);
}

bool lima_neighbour_resolve(const char *name, lima_deadline deadline, lima_wake *wake,
                            char ret[LIMA_IPV4_SIZE], lima_err *err)
{
    static const lima_win_work work = {ask, dispose};
    question *q = lima_mem_zalloc(1, sizeof *q);

    if (!lima_win_net_start(err) || !lima_wide_from_utf8(name, &q->name, err)) {
        dispose(q);
        return false;
    }
    if (!lima_win_job(&work, q, deadline, wake, err))
        return lima_err_wrap(err, "look up '%s'", name);
    bool ok = !q->failed || lima_err_set(err, LIMA_CODE_NOT_FOUND, "nobody knows '%s' (%d)", name, q->failed);
    if (ok)
        memcpy(ret, q->answer, sizeof q->answer);
    dispose(q);
    return ok;
}
