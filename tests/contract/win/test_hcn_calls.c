/* Calls of the Host Compute Network service on a table of functions instead of the DLL: what is opened is closed, what is
 * given is freed, failures quote the error record. Linked in place of win/hcn_api.c. */
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "jobs_left.h"
#include "support.h"

#include "base/mem.h"
#include "hcn.h"
#include "hcn_api.h"
#include "hresult.h"

#define NETWORK "b95d0c5e-57d4-412b-b571-18a81a16e005"
#define ENDPOINT "{3F1C0C52-5F0C-4A55-9D0B-6F5B7F1B2A10}"

static struct fake {
    HRESULT open, call; /* what opening, and all else, comes to */
    const wchar_t *answer, *record;
    HANDLE hold;     /* calls wait for it; NULL: not */
    lima_wake *held; /* raised when one does */
    char said[300];
    volatile LONG networks, endpoints, texts; /* open, and not freed */
} fake;

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "misuse of the fake computenetwork.dll: %s\n", what);
    abort();
}

static PWSTR give(const wchar_t *text)
{
    if (!text)
        return NULL;
    wchar_t *copy = lima_mem_zalloc(wcslen(text) + 1, sizeof *copy);
    memcpy(copy, text, wcslen(text) * sizeof *copy);
    InterlockedIncrement(&fake.texts);
    return copy;
}

void lima_win_hcn_free(PWSTR text)
{
    if (!text)
        return;
    must(InterlockedDecrement(&fake.texts) >= 0, "a text freed twice");
    free(text);
}

static HRESULT note(const char *function, const GUID *id, PCWSTR text, HRESULT result, PWSTR *record)
{
    size_t len = strlen(fake.said);

    if (fake.hold) {
        lima_wake_raise(fake.held);
        WaitForSingleObject(fake.hold, INFINITE);
    }
    must(!*record, "a record that is overwritten");
    snprintf(fake.said + len, sizeof fake.said - len, "%s %lx %ls;", function,
             id ? (unsigned long)id->Data1 : 0UL, text ? text : L"-");
    if (FAILED(result))
        *record = give(fake.record);
    return result;
}

static HRESULT open_one(const char *function, const GUID *id, hcn_handle *ret, volatile LONG *count,
                        PWSTR *record)
{
    HRESULT result = note(function, id, NULL, fake.open, record);

    if (SUCCEEDED(result)) {
        *ret = (hcn_handle)(uintptr_t)count;
        InterlockedIncrement(count);
    }
    return result;
}

static HRESULT close_one(hcn_handle handle, volatile LONG *count)
{
    must(handle == (hcn_handle)(uintptr_t)count, "a handle of another kind, or none");
    must(InterlockedDecrement(count) >= 0, "a handle closed twice");
    return S_OK;
}

static HRESULT answer(const char *function, hcn_handle handle, volatile LONG *count, PCWSTR text, PWSTR *ret,
                      PWSTR *record)
{
    must(!count || (handle == (hcn_handle)(uintptr_t)count && *count > 0), "a handle that is not open");
    HRESULT result = note(function, NULL, text, fake.call, record);
    if (SUCCEEDED(result) && ret)
        *ret = give(fake.answer);
    return result;
}

static HRESULT create(const char *function, const GUID *id, PCWSTR text, hcn_handle *ret,
                      volatile LONG *count, PWSTR *record)
{
    HRESULT result = note(function, id, text, fake.call, record);

    if (SUCCEEDED(result)) {
        *ret = (hcn_handle)(uintptr_t)count;
        InterlockedIncrement(count);
    }
    return result;
}

/* What networks and endpoints have alike. */
#define BOTH(name, count)                                                                                    \
    static HRESULT WINAPI enumerate_##name(PCWSTR query, PWSTR *ret, PWSTR *record)                          \
    {                                                                                                        \
        return answer("enumerate-" #name, NULL, NULL, query, ret, record);                                   \
    }                                                                                                        \
    static HRESULT WINAPI open_##name(const GUID *id, hcn_handle *ret, PWSTR *record)                        \
    {                                                                                                        \
        return open_one("open-" #name, id, ret, &(count), record);                                           \
    }                                                                                                        \
    static HRESULT WINAPI query_##name(hcn_handle handle, PCWSTR query, PWSTR *ret, PWSTR *record)           \
    {                                                                                                        \
        return answer("query-" #name, handle, &(count), query, ret, record);                                 \
    }                                                                                                        \
    static HRESULT WINAPI close_##name(hcn_handle handle)                                                    \
    {                                                                                                        \
        return close_one(handle, &(count));                                                                  \
    }                                                                                                        \
    static HRESULT WINAPI delete_##name(const GUID *id, PWSTR *record)                                       \
    {                                                                                                        \
        return note("delete-" #name, id, NULL, fake.call, record);                                           \
    }
BOTH(network, fake.networks)
BOTH(endpoint, fake.endpoints)

static HRESULT WINAPI create_network(const GUID *id, PCWSTR settings, hcn_handle *ret, PWSTR *record)
{
    return create("create-network", id, settings, ret, &fake.networks, record);
}

static HRESULT WINAPI create_endpoint(hcn_handle network, const GUID *id, PCWSTR settings, hcn_handle *ret,
                                      PWSTR *record)
{
    must(network == (hcn_handle)(uintptr_t)&fake.networks && fake.networks > 0, "a network that is not open");
    return create("create-endpoint", id, settings, ret, &fake.endpoints, record);
}

static HRESULT WINAPI modify_endpoint(hcn_handle handle, PCWSTR settings, PWSTR *record)
{
    return answer("modify-endpoint", handle, &fake.endpoints, settings, NULL, record);
}

const hcn_api *lima_win_hcn(lima_err *err)
{
    static const hcn_api api = {enumerate_network, open_network,   query_network,      close_network,
                                delete_network,    create_network, enumerate_endpoint, open_endpoint,
                                query_endpoint,    close_endpoint, delete_endpoint,    create_endpoint,
                                modify_endpoint};

    (void)err;
    return &api;
}

/* ---- tests ---- */

static int setup(void **state)
{
    (void)state;
    fake = (struct fake){0};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return !none_left() || fake.networks || fake.endpoints || fake.texts;
}

static void assert_said(const char *wanted)
{
    assert_string_equal(fake.said, wanted);
    fake.said[0] = '\0';
}

static void calls__each__reaches_its_function_with_guid_and_text(void **state)
{
    char *json = NULL;

    (void)state;
    assert_ok(lima_hcn_create_network(NETWORK, "{\"n\":1}", patience(), NULL, err));
    assert_said("create-network b95d0c5e {\"n\":1};");
    assert_ok(lima_hcn_create_endpoint(NETWORK, ENDPOINT, "{\"e\":1}", patience(), NULL, err));
    assert_said("open-network b95d0c5e -;create-endpoint 3f1c0c52 {\"e\":1};");
    assert_ok(lima_hcn_modify_endpoint(ENDPOINT, "{\"m\":1}", patience(), NULL, err));
    assert_said("open-endpoint 3f1c0c52 -;modify-endpoint 0 {\"m\":1};");
    fake.answer = L"[\"a\x00fc\"]";
    assert_ok(lima_hcn_enumerate(LIMA_HCN_ENDPOINT, "{\"f\":1}", patience(), NULL, &json, err));
    assert_said("enumerate-endpoint 0 {\"f\":1};");
    assert_string_equal(json, "[\"a\xc3\xbc\"]");
    free(json);
    assert_ok(lima_hcn_query(LIMA_HCN_NETWORK, NETWORK, NULL, patience(), NULL, &json, err));
    assert_said("open-network b95d0c5e -;query-network 0 -;");
    free(json);
    assert_ok(lima_hcn_delete(LIMA_HCN_ENDPOINT, ENDPOINT, patience(), NULL, err));
    assert_ok(lima_hcn_delete(LIMA_HCN_NETWORK, NETWORK, patience(), NULL, err));
    assert_said("delete-endpoint 3f1c0c52 -;delete-network b95d0c5e -;");
}

static void failure__when_opening_or_after__quotes_the_record_and_closes(void **state)
{
    lima_err err = {0};
    char *json = NULL;

    (void)state;
    fake.record = L"{\"Success\":false,\"Error\":\"gone\",\"ErrorCode\":1}";
    fake.open = (HRESULT)LIMA_HCN_E_NETWORK_NOT_FOUND;
    assert_false(lima_hcn_query(LIMA_HCN_NETWORK, NETWORK, NULL, patience(), NULL, &json, &err));
    assert_int_equal(err.code, LIMA_CODE_NOT_FOUND);
    assert_string_equal(err.text,
                        "network '" NETWORK "': query: no such network (HCN_E_NETWORK_NOT_FOUND "
                        "0x803B0001): \"gone\"; start the instance again: its network is made anew");
    fake.open = S_OK;
    fake.call = (HRESULT)LIMA_HRESULT_ACCESS_DENIED;
    assert_false(lima_hcn_create_endpoint(NETWORK, ENDPOINT, "{}", patience(), NULL, &err));
    assert_int_equal(err.code, LIMA_CODE_PERMISSION_DENIED);
    assert_int_equal((uint32_t)err.os_code, LIMA_HRESULT_ACCESS_DENIED);
    assert_non_null(strstr(err.text, "elevated prompt"));
    assert_false(lima_hcn_modify_endpoint(ENDPOINT, "{}", patience(), NULL, &err));
    assert_false(lima_hcn_enumerate(LIMA_HCN_NETWORK, NULL, patience(), NULL, &json, &err));
    fake.call = (HRESULT)LIMA_HCN_E_ENTITY_HAS_REFERENCES;
    assert_false(lima_hcn_delete(LIMA_HCN_NETWORK, NETWORK, patience(), NULL, &err));
    assert_int_equal(err.code, LIMA_CODE_FAILED_PRECONDITION);
    assert_int_equal((uint32_t)err.os_code, LIMA_HCN_E_ENTITY_HAS_REFERENCES);
    fake.record = NULL;
    assert_false(lima_hcn_delete(LIMA_HCN_NETWORK, NETWORK, patience(), NULL, &err));
    assert_null(strchr(err.text, '"'));
    assert_null(json);
}

static void giving_up__a_create__goes_on_and_leaves_nothing_open(void **state)
{
    HANDLE hold = CreateEventW(NULL, TRUE, FALSE, NULL);

    (void)state;
    fake.hold = hold;
    fake.held = lima_wake_new();
    assert_fails(LIMA_CODE_CANCELLED,
                 lima_hcn_create_endpoint(NETWORK, ENDPOINT, "{}", patience(), fake.held, err));
    SetEvent(hold);
    assert_int_equal(teardown(NULL), 0);
    assert_said("open-network b95d0c5e -;create-endpoint 3f1c0c52 {};");
    CloseHandle(hold);
    lima_wake_free(fake.held);
}

static void documents__over_the_limit__are_refused_in_both_directions(void **state)
{
    size_t len = LIMA_HCN_DOCUMENT_MAX + 1;
    char *document = lima_mem_zalloc(len + 1, 1), *json = NULL;
    wchar_t *long_answer = lima_mem_zalloc(len + 1, sizeof *long_answer);

    (void)state;
    memset(document, ' ', len);
    for (size_t i = 0; i < len; i++)
        long_answer[i] = L' ';
    assert_fails(LIMA_CODE_OUT_OF_RANGE, lima_hcn_create_network(NETWORK, document, patience(), NULL, err));
    fake.answer = long_answer;
    assert_fails(LIMA_CODE_OUT_OF_RANGE,
                 lima_hcn_enumerate(LIMA_HCN_NETWORK, NULL, patience(), NULL, &json, err));
    assert_null(json);
    free(document);
    free(long_answer);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(calls__each__reaches_its_function_with_guid_and_text),
        CASE(failure__when_opening_or_after__quotes_the_record_and_closes),
        CASE(giving_up__a_create__goes_on_and_leaves_nothing_open),
        CASE(documents__over_the_limit__are_refused_in_both_directions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
