/* computenetwork.dll: every call is one question and one answer. */
#include "objects.h"
#include "session.h"

#include <computenetwork.h>
#include <stdio.h>
#include <stdlib.h>

#include "misuse.h"

#define EXPORT __declspec(dllexport)

const session_hooks session_dll = {.kind = "hcn"};

typedef struct net_object { /* a network, an endpoint, a callback */
    object base;
    GUID id;
} net_object;

static void add_guid(session_request *request, const char *name, const GUID *id, const char *function)
{
    wchar_t text[40];
    if (!id)
        misuse_abort(function, "the GUID is NULL");
    swprintf(text, 40, L"%08lx-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", id->Data1, id->Data2, id->Data3,
             id->Data4[0], id->Data4[1], id->Data4[2], id->Data4[3], id->Data4[4], id->Data4[5], id->Data4[6],
             id->Data4[7]);
    session_text(request, name, text);
}

/* Sends it; the text `result`, if asked for, and the error record go to the caller. */
static HRESULT finish(session_request *request, PWSTR *result, PWSTR *record)
{
    char *fields = session_call(request);
    HRESULT code = session_code(fields);
    if (result)
        *result = session_result(fields, "result");
    if (record)
        *record = session_result(fields, "error");
    free(fields);
    return code;
}

static void *keep(object_kind kind, const GUID *id)
{
    AcquireSRWLockExclusive(&objects_lock);
    net_object *one = object_new(kind, sizeof *one);
    one->id = *id;
    void *handle = object_handle(one);
    ReleaseSRWLockExclusive(&objects_lock);
    return handle;
}

static GUID id_of(object_kind kind, void *handle, const char *function)
{
    AcquireSRWLockExclusive(&objects_lock);
    GUID id = ((net_object *)object_find(kind, handle, function))->id;
    ReleaseSRWLockExclusive(&objects_lock);
    return id;
}

static HRESULT close_object(object_kind kind, void *handle, const char *function)
{
    AcquireSRWLockExclusive(&objects_lock);
    net_object *one = object_find(kind, handle, function);
    object_remove(one);
    ReleaseSRWLockExclusive(&objects_lock);
    free(one);
    return S_OK;
}

static HRESULT enumerate(const char *function, PCWSTR query, PWSTR *ret, PWSTR *record)
{
    if (!ret)
        misuse_abort(function, "the result must not be NULL");
    session_request request = session_begin(function);
    session_text(&request, "query", query);
    return finish(&request, ret, record);
}

static HRESULT open_or_delete(const char *function, object_kind kind, const GUID *id, void **ret,
                              PWSTR *record)
{
    session_request request = session_begin(function);
    add_guid(&request, "guid", id, function);
    HRESULT code = finish(&request, NULL, record);
    if (ret)
        *ret = SUCCEEDED(code) ? keep(kind, id) : NULL;
    return code;
}

static HRESULT about(const char *function, object_kind kind, void *handle, const char *name, PCWSTR text,
                     PWSTR *ret, PWSTR *record)
{
    GUID id = id_of(kind, handle, function);
    session_request request = session_begin(function);
    add_guid(&request, "guid", &id, function);
    session_text(&request, name, text);
    return finish(&request, ret, record);
}

EXPORT HRESULT WINAPI HcnEnumerateNetworks(PCWSTR query, PWSTR *networks, PWSTR *record)
{
    return enumerate(__func__, query, networks, record);
}

EXPORT HRESULT WINAPI HcnEnumerateEndpoints(PCWSTR query, PWSTR *endpoints, PWSTR *record)
{
    return enumerate(__func__, query, endpoints, record);
}

EXPORT HRESULT WINAPI HcnCreateNetwork(REFGUID id, PCWSTR settings, PHCN_NETWORK ret, PWSTR *record)
{
    if (!settings || !ret)
        misuse_abort(__func__, "Settings and Network must not be NULL");
    session_request request = session_begin(__func__);
    add_guid(&request, "guid", id, __func__);
    session_text(&request, "document", settings);
    HRESULT code = finish(&request, NULL, record);
    *ret = SUCCEEDED(code) ? keep(OBJECT_NETWORK, id) : NULL;
    return code;
}

EXPORT HRESULT WINAPI HcnCreateEndpoint(HCN_NETWORK network, REFGUID id, PCWSTR settings, PHCN_ENDPOINT ret,
                                        PWSTR *record)
{
    GUID of = id_of(OBJECT_NETWORK, network, __func__);
    if (!settings || !ret)
        misuse_abort(__func__, "Settings and Endpoint must not be NULL");
    session_request request = session_begin(__func__);
    add_guid(&request, "network", &of, __func__);
    add_guid(&request, "guid", id, __func__);
    session_text(&request, "document", settings);
    HRESULT code = finish(&request, NULL, record);
    *ret = SUCCEEDED(code) ? keep(OBJECT_ENDPOINT, id) : NULL;
    return code;
}

EXPORT HRESULT WINAPI HcnOpenNetwork(REFGUID id, PHCN_NETWORK ret, PWSTR *record)
{
    if (!ret)
        misuse_abort(__func__, "Network must not be NULL");
    return open_or_delete(__func__, OBJECT_NETWORK, id, ret, record);
}

EXPORT HRESULT WINAPI HcnOpenEndpoint(REFGUID id, PHCN_ENDPOINT ret, PWSTR *record)
{
    if (!ret)
        misuse_abort(__func__, "Endpoint must not be NULL");
    return open_or_delete(__func__, OBJECT_ENDPOINT, id, ret, record);
}

EXPORT HRESULT WINAPI HcnDeleteNetwork(REFGUID id, PWSTR *record)
{
    return open_or_delete(__func__, OBJECT_NETWORK, id, NULL, record);
}

EXPORT HRESULT WINAPI HcnDeleteEndpoint(REFGUID id, PWSTR *record)
{
    return open_or_delete(__func__, OBJECT_ENDPOINT, id, NULL, record);
}

EXPORT HRESULT WINAPI HcnQueryNetworkProperties(HCN_NETWORK network, PCWSTR query, PWSTR *properties,
                                                PWSTR *record)
{
    return about(__func__, OBJECT_NETWORK, network, "query", query, properties, record);
}

EXPORT HRESULT WINAPI HcnQueryEndpointProperties(HCN_ENDPOINT endpoint, PCWSTR query, PWSTR *properties,
                                                 PWSTR *record)
{
    return about(__func__, OBJECT_ENDPOINT, endpoint, "query", query, properties, record);
}

EXPORT HRESULT WINAPI HcnModifyEndpoint(HCN_ENDPOINT endpoint, PCWSTR settings, PWSTR *record)
{
    return about(__func__, OBJECT_ENDPOINT, endpoint, "document", settings, NULL, record);
}

EXPORT HRESULT WINAPI HcnCloseNetwork(HCN_NETWORK network)
{
    return close_object(OBJECT_NETWORK, network, __func__);
}

EXPORT HRESULT WINAPI HcnCloseEndpoint(HCN_ENDPOINT endpoint)
{
    return close_object(OBJECT_ENDPOINT, endpoint, __func__);
}

/* It never calls: nothing in the double changes networks behind the caller's back. */
EXPORT HRESULT WINAPI HcnRegisterServiceCallback(HCN_NOTIFICATION_CALLBACK callback, void *context,
                                                 HCN_CALLBACK *ret)
{
    (void)callback, (void)context;
    *ret = keep(OBJECT_CALLBACK, &(GUID){0});
    return S_OK;
}

EXPORT HRESULT WINAPI HcnUnregisterServiceCallback(HCN_CALLBACK handle)
{
    return close_object(OBJECT_CALLBACK, handle, __func__);
}

/* What computenetwork.def exports under many names. */
HRESULT WINAPI hcn_not_here(void);

HRESULT WINAPI hcn_not_here(void)
{
    return E_NOTIMPL;
}
