/* win/hcn.h by the double's back end. */
#include "win/hcn.h"

#include <stdlib.h>

#include "base/guid.h"
#include "base/mem.h"
#include "calls.h"
#include "win/hcs_words.h"
#include "win/hresult.h"

static const char *const nouns[] = {"network", "endpoint"};

/* Takes `one` over. */
static bool run(call *one, lima_deadline deadline, lima_wake *wake, char **ret_json, lima_err *err,
                const char *what)
{
    if (!call_run(one, false, deadline, wake, err))
        return lima_err_wrap(err, "%s", what);
    uint32_t code = call_code(one);
    const char *result = call_field(one, "result");
    char *words = code ? lima_hcs_words(call_field(one, "error")) : NULL;
    if (!code && ret_json)
        *ret_json = lima_mem_strdup(result ? result : "");
    if (code)
        lima_hresult_fail(err, code, words, "%s", what);
    free(words);
    call_free(one);
    return code == 0;
}

/* A call about one network or endpoint. `id`: any form of a GUID. */
static bool about(const char *name, lima_hcn_kind kind, const char *id, const char *network,
                  const char *field, const char *text, lima_deadline deadline, lima_wake *wake,
                  char **ret_json, lima_err *err)
{
    char guid[LIMA_GUID_SIZE], network_guid[LIMA_GUID_SIZE];
    if (!lima_guid_parse(id, guid) || (network && !lima_guid_parse(network, network_guid)))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "%s '%s': not a GUID", nouns[kind], id);
    call *one = call_new(CALL_HCN, name);
    call_text(one, "guid", guid);
    if (network)
        call_text(one, "network", network_guid);
    call_text(one, field, text);
    char *what = lima_mem_printf("%s '%s'", nouns[kind], guid);
    bool ok = run(one, deadline, wake, ret_json, err, what);
    free(what);
    return ok;
}

bool lima_hcn_enumerate(lima_hcn_kind kind, const char *query, lima_deadline deadline, lima_wake *wake,
                        char **ret_json, lima_err *err)
{
    call *one =
        call_new(CALL_HCN, kind == LIMA_HCN_NETWORK ? "HcnEnumerateNetworks" : "HcnEnumerateEndpoints");
    call_text(one, "query", query);
    return run(one, deadline, wake, ret_json, err, nouns[kind]);
}

bool lima_hcn_query(lima_hcn_kind kind, const char *id, const char *query, lima_deadline deadline,
                    lima_wake *wake, char **ret_json, lima_err *err)
{
    const char *name = kind == LIMA_HCN_NETWORK ? "HcnQueryNetworkProperties" : "HcnQueryEndpointProperties";
    return about(name, kind, id, NULL, "query", query, deadline, wake, ret_json, err);
}

bool lima_hcn_create_network(const char *id, const char *settings, lima_deadline deadline, lima_wake *wake,
                             lima_err *err)
{
    return about("HcnCreateNetwork", LIMA_HCN_NETWORK, id, NULL, "document", settings, deadline, wake, NULL,
                 err);
}

bool lima_hcn_create_endpoint(const char *network, const char *id, const char *settings,
                              lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    return about("HcnCreateEndpoint", LIMA_HCN_ENDPOINT, id, network, "document", settings, deadline, wake,
                 NULL, err);
}

bool lima_hcn_modify_endpoint(const char *id, const char *settings, lima_deadline deadline, lima_wake *wake,
                              lima_err *err)
{
    return about("HcnModifyEndpoint", LIMA_HCN_ENDPOINT, id, NULL, "document", settings, deadline, wake, NULL,
                 err);
}

bool lima_hcn_delete(lima_hcn_kind kind, const char *id, lima_deadline deadline, lima_wake *wake,
                     lima_err *err)
{
    const char *name = kind == LIMA_HCN_NETWORK ? "HcnDeleteNetwork" : "HcnDeleteEndpoint";
    return about(name, kind, id, NULL, "query", NULL, deadline, wake, NULL, err);
}
