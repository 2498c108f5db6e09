/* Each call has a thread of its own (job.h), for the functions of the DLL wait without a limit. What a call opens it
 * closes before it ends, so that nothing outlives a restart of the service. */
#include "hcn.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/guid.h"
#include "base/mem.h"
#include "hcn_api.h"
#include "hcs_words.h"
#include "hresult.h"
#include "job.h"
#include "wide.h"

typedef struct hcn_call hcn_call;
typedef HRESULT hcn_begin(hcn_call *call);

struct hcn_call {
    const hcn_api *api;
    hcn_begin *begin;
    lima_hcn_kind kind;
    char *object; /* "network '…': create" */
    GUID id, network;
    wchar_t *text;
    PWSTR answer, record;
    HRESULT result;
    char *document; /* the answer; of a failure, the error record; NULL: none */
    bool too_long;
};

/* ---- on the call's thread ---- */

/* For the next function of the same call. */
static PWSTR *fresh_record(hcn_call *call)
{
    lima_win_hcn_free(call->record);
    call->record = NULL;
    return &call->record;
}

static HRESULT open_one(hcn_call *call, lima_hcn_kind kind, const GUID *id, hcn_handle *ret)
{
    return kind == LIMA_HCN_NETWORK ? call->api->HcnOpenNetwork(id, ret, fresh_record(call))
                                    : call->api->HcnOpenEndpoint(id, ret, fresh_record(call));
}

static void close_one(hcn_call *call, lima_hcn_kind kind, hcn_handle handle)
{
    if (kind == LIMA_HCN_NETWORK)
        call->api->HcnCloseNetwork(handle);
    else
        call->api->HcnCloseEndpoint(handle);
}

static HRESULT begin_enumerate(hcn_call *call)
{
    return call->kind == LIMA_HCN_NETWORK
               ? call->api->HcnEnumerateNetworks(call->text, &call->answer, fresh_record(call))
               : call->api->HcnEnumerateEndpoints(call->text, &call->answer, fresh_record(call));
}

static HRESULT begin_query(hcn_call *call)
{
    hcn_handle handle = NULL;
    HRESULT result = open_one(call, call->kind, &call->id, &handle);

    if (FAILED(result))
        return result;
    result =
        call->kind == LIMA_HCN_NETWORK
            ? call->api->HcnQueryNetworkProperties(handle, call->text, &call->answer, fresh_record(call))
            : call->api->HcnQueryEndpointProperties(handle, call->text, &call->answer, fresh_record(call));
    close_one(call, call->kind, handle);
    return result;
}

static HRESULT begin_create_network(hcn_call *call)
{
    hcn_handle handle = NULL;
    HRESULT result = call->api->HcnCreateNetwork(&call->id, call->text, &handle, fresh_record(call));

    if (SUCCEEDED(result))
        close_one(call, LIMA_HCN_NETWORK, handle);
    return result;
}

static HRESULT begin_create_endpoint(hcn_call *call)
{
    hcn_handle network = NULL, handle = NULL;
    HRESULT result = open_one(call, LIMA_HCN_NETWORK, &call->network, &network);

    if (FAILED(result))
        return result;
    result = call->api->HcnCreateEndpoint(network, &call->id, call->text, &handle, fresh_record(call));
    if (SUCCEEDED(result))
        close_one(call, LIMA_HCN_ENDPOINT, handle);
    close_one(call, LIMA_HCN_NETWORK, network);
    return result;
}

static HRESULT begin_modify_endpoint(hcn_call *call)
{
    hcn_handle handle = NULL;
    HRESULT result = open_one(call, LIMA_HCN_ENDPOINT, &call->id, &handle);

    if (FAILED(result))
        return result;
    result = call->api->HcnModifyEndpoint(handle, call->text, fresh_record(call));
    close_one(call, LIMA_HCN_ENDPOINT, handle);
    return result;
}

static HRESULT begin_delete(hcn_call *call)
{
    return call->kind == LIMA_HCN_NETWORK ? call->api->HcnDeleteNetwork(&call->id, fresh_record(call))
                                          : call->api->HcnDeleteEndpoint(&call->id, fresh_record(call));
}

static void run(void *arg)
{
    hcn_call *call = arg;

    call->result = call->begin(call);
    PWSTR kept = SUCCEEDED(call->result) ? call->answer : call->record;
    size_t len = kept ? wcsnlen(kept, LIMA_HCN_DOCUMENT_MAX + 1) : 0;
    call->too_long = len > LIMA_HCN_DOCUMENT_MAX;
    if (kept && !call->too_long)
        call->document = lima_wide_to_text(kept, len);
    lima_win_hcn_free(call->answer);
    lima_win_hcn_free(call->record);
}

static void dispose(void *arg)
{
    hcn_call *call = arg;

    free(call->object);
    free(call->text);
    free(call->document);
    free(call);
}

/* ---- the caller's side ---- */

static const char *kind_name(lima_hcn_kind kind)
{
    return kind == LIMA_HCN_NETWORK ? "network" : "endpoint";
}

static bool set_id(GUID *into, lima_hcn_kind kind, const char *id, lima_err *err)
{
    uint8_t bytes[16];

    if (!lima_guid_to_bytes(id, bytes))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "%s '%s': not a GUID", kind_name(kind), id);
    memcpy(into, bytes, sizeof bytes);
    return true;
}

static bool set_text(hcn_call *call, const char *text, lima_err *err)
{
    if (!text)
        return true;
    if (strlen(text) > LIMA_HCN_DOCUMENT_MAX)
        return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "%s: the document has more than %d bytes",
                            call->object, LIMA_HCN_DOCUMENT_MAX);
    return lima_wide_from_utf8(text, &call->text, err) || lima_err_wrap(err, "%s", call->object);
}

/* `id` may be NULL. */
static hcn_call *new_call(const char *what, hcn_begin *begin, lima_hcn_kind kind, const char *id,
                          const char *text, lima_err *err)
{
    hcn_call *call = lima_mem_zalloc(1, sizeof *call);

    call->begin = begin;
    call->kind = kind;
    call->object = id ? lima_mem_printf("%s '%s': %s", kind_name(kind), id, what)
                      : lima_mem_printf("%ss: %s", kind_name(kind), what);
    if ((!id || set_id(&call->id, kind, id, err)) && set_text(call, text, err)) {
        call->api = lima_win_hcn(err);
        if (call->api)
            return call;
        lima_err_wrap(err, "%s", call->object);
    }
    dispose(call);
    return NULL;
}

/* Here it is about no file. */
static const lima_hresult denied = {LIMA_HRESULT_ACCESS_DENIED, LIMA_CODE_PERMISSION_DENIED, "E_ACCESSDENIED",
                                    "this program may not change the networks of virtual machines",
                                    "use an elevated prompt, or the network over hvsocket"};

static bool fail(const hcn_call *call, lima_err *err)
{
    char *words = lima_hcs_words(call->document);
    uint32_t number = (uint32_t)call->result;

    if (number == denied.number)
        lima_hresult_fail_as(err, &denied, words, "%s", call->object);
    else
        lima_hresult_fail(err, number, words, "%s", call->object);
    free(words);
    return false;
}

static bool take(hcn_call *call, char **ret_json, lima_err *err)
{
    if (!ret_json)
        return true;
    if (call->too_long || (call->document && strlen(call->document) > LIMA_HCN_DOCUMENT_MAX))
        return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "%s: an answer of more than %d bytes", call->object,
                            LIMA_HCN_DOCUMENT_MAX);
    *ret_json = call->document ? call->document : lima_mem_strdup("");
    call->document = NULL;
    return true;
}

/* The call is gone afterwards; NULL: *err is set already. */
static bool run_call(hcn_call *call, lima_deadline deadline, lima_wake *wake, char **ret_json, lima_err *err)
{
    static const lima_win_work work = {run, dispose};

    if (!call)
        return false;
    char *object = lima_mem_strdup(call->object);
    bool ok = lima_win_job(&work, call, deadline, wake, err) || lima_err_wrap(err, "%s", object);
    free(object);
    if (!ok)
        return false;
    ok = SUCCEEDED(call->result) ? take(call, ret_json, err) : fail(call, err);
    dispose(call);
    return ok;
}

bool lima_hcn_enumerate(lima_hcn_kind kind, const char *query, lima_deadline deadline, lima_wake *wake,
                        char **ret_json, lima_err *err)
{
    return run_call(new_call("list", begin_enumerate, kind, NULL, query, err), deadline, wake, ret_json, err);
}

bool lima_hcn_query(lima_hcn_kind kind, const char *id, const char *query, lima_deadline deadline,
                    lima_wake *wake, char **ret_json, lima_err *err)
{
    return run_call(new_call("query", begin_query, kind, id, query, err), deadline, wake, ret_json, err);
}

bool lima_hcn_create_network(const char *id, const char *settings, lima_deadline deadline, lima_wake *wake,
                             lima_err *err)
{
    return run_call(new_call("create", begin_create_network, LIMA_HCN_NETWORK, id, settings, err), deadline,
                    wake, NULL, err);
}

bool lima_hcn_create_endpoint(const char *network, const char *id, const char *settings,
                              lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    GUID parent;

    if (!set_id(&parent, LIMA_HCN_NETWORK, network, err))
        return false;
    hcn_call *call = new_call("create", begin_create_endpoint, LIMA_HCN_ENDPOINT, id, settings, err);
    if (call)
        call->network = parent;
    return run_call(call, deadline, wake, NULL, err);
}

bool lima_hcn_modify_endpoint(const char *id, const char *settings, lima_deadline deadline, lima_wake *wake,
                              lima_err *err)
{
    return run_call(new_call("modify", begin_modify_endpoint, LIMA_HCN_ENDPOINT, id, settings, err), deadline,
                    wake, NULL, err);
}

bool lima_hcn_delete(lima_hcn_kind kind, const char *id, lima_deadline deadline, lima_wake *wake,
                     lima_err *err)
{
    return run_call(new_call("delete", begin_delete, kind, id, NULL, err), deadline, wake, NULL, err);
}
