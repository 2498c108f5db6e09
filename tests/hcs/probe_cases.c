/* What a driver does with VMs and networks, and what it must not do: then the DLL ends the program. */
#include "probe.h"

#include <string.h>

static HRESULT done(HCS_SYSTEM system, HRESULT(WINAPI *call)(HCS_SYSTEM, HCS_OPERATION, PCWSTR), PCWSTR text)
{
    HCS_OPERATION operation = api.create_operation(NULL, NULL);
    return probe_done(call(system, operation, text), operation, NULL);
}

static bool has_state(HCS_SYSTEM system, const wchar_t *state)
{
    PWSTR text = NULL;
    HCS_OPERATION operation = api.create_operation(NULL, NULL);
    probe_expect("properties", probe_done(api.properties(system, operation, NULL), operation, &text), S_OK);
    bool found = wcsstr(text, state) != NULL;
    LocalFree(text);
    return found;
}

typedef struct seen {
    HANDLE event;
    DWORD thread;
    int exits, operations;
    wchar_t exit[512];
} seen;

static void CALLBACK on_event(HCS_EVENT *event, void *context)
{
    seen *all = context;
    all->thread = GetCurrentThreadId();
    if (event->Type == HcsEventOperationCallback)
        all->operations += event->Operation != NULL;
    if (event->Type == HcsEventSystemExited) {
        all->exits++;
        wcsncpy(all->exit, event->EventData, 511);
        SetEvent(all->event);
    }
}

static void life(void)
{
    seen all = {.event = CreateEventW(NULL, TRUE, FALSE, NULL)};
    PWSTR text = NULL;
    HCS_SYSTEM system = probe_granted();
    probe_expect("callback", api.set_callback(system, HcsEventOptionNone, &all, on_event), S_OK);
    probe_expect("start", done(system, api.start, NULL), S_OK);
    probe_true("running", has_state(system, L"\"Running\""));
    probe_expect("pause", done(system, api.pause, NULL), S_OK);
    probe_true("paused", has_state(system, L"\"Paused\""));
    probe_expect("resume", done(system, api.resume, NULL), S_OK);
    probe_expect("shutdown",
                 done(system, api.shut_down, L"{\"Mechanism\":\"IntegrationService\",\"Type\":\"Shutdown\"}"),
                 S_OK);
    probe_true("exit event", WaitForSingleObject(all.event, 60000) == WAIT_OBJECT_0);
    probe_true("graceful", wcsstr(all.exit, L"GracefulExit") != NULL);
    probe_true("another thread", all.thread != GetCurrentThreadId());
    probe_expect("wait for exit", api.wait_exit(system, 60000, &text), S_OK);
    probe_true("its document", text && wcsstr(text, L"GracefulExit"));
    LocalFree(text);
    probe_expect("terminate", done(system, api.terminate, NULL), (HRESULT)0x80370110);
    api.close(system);
    probe_true("one exit", all.exits == 1);
}

static void saved(void) /* words: ID DOCUMENT FILE…; the first file is the state */
{
    wchar_t options[1024];
    probe_expect("state file", api.runtime_file(probe_wide(probe_words[2])), S_OK);
    HCS_SYSTEM system = probe_running();
    probe_expect("pause", done(system, api.pause, NULL), S_OK);
    swprintf(options, 1024, L"{\"SaveType\":\"ToFile\",\"SaveStateFilePath\":\"%ls\"}",
             probe_wide(probe_words[2]));
    for (wchar_t *at = options; *at; at++) /* as JSON */
        *at = *at == L'\\' ? L'/' : *at;
    probe_expect("save", done(system, api.save, options), S_OK);
    probe_expect("terminate", done(system, api.terminate, NULL), S_OK);
    api.close(system);
}

static void operations(void)
{
    PWSTR text = (PWSTR)1;
    HCS_OPERATION operation = api.create_operation(NULL, NULL);
    probe_expect("not started", api.wait(operation, 0, &text), (HRESULT)0x80370115);
    probe_true("no document", text == NULL);
    probe_expect("enumerate", api.enumerate(NULL, operation), S_OK);
    probe_expect("wait", api.wait(operation, 60000, &text), S_OK);
    probe_true("type", api.type(operation) == HcsOperationTypeEnumerate && wcscmp(text, L"[]") == 0);
    LocalFree(text);
    probe_expect("again", api.result(operation, &text), S_OK);
    LocalFree(text);
    probe_expect("another call", api.enumerate(L"{}", operation), S_OK);
    probe_expect("its end", api.wait(operation, 60000, NULL), S_OK);
    api.close_operation(operation);
}

static void CALLBACK on_done(HCS_OPERATION operation, void *context)
{
    probe_expect("result in the callback", api.result(operation, NULL), S_OK);
    SetEvent(context);
}

static void callbacks(void)
{
    seen all = {0};
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HCS_OPERATION operation = api.create_operation(event, on_done);
    probe_expect("enumerate", api.enumerate(NULL, operation), S_OK);
    probe_true("called back", WaitForSingleObject(event, 60000) == WAIT_OBJECT_0);
    api.close_operation(operation);
    HCS_SYSTEM system = probe_granted();
    probe_expect("callback", api.set_callback(system, HcsEventOptionEnableOperationCallbacks, &all, on_event),
                 S_OK);
    probe_expect("second callback", api.set_callback(system, HcsEventOptionNone, &all, on_event),
                 (HRESULT)0x80370119);
    operation = api.create_operation(event, on_done);
    probe_expect("both kinds", api.start(system, operation, NULL), (HRESULT)0x80370119);
    api.close_operation(operation);
    operation = api.create_operation(NULL, NULL);
    probe_expect("start", api.start(system, operation, NULL), S_OK);
    probe_expect("end", api.wait(operation, 60000, NULL), S_OK);
    probe_true("the system of it", api.system_of(operation) == system);
    while (!all.operations)
        Sleep(1);
    api.close_operation(operation);
    probe_expect("terminate", done(system, api.terminate, NULL), S_OK);
    api.close(system);
}

static void timeout(void) /* a rule of the test's: the pause never ends */
{
    PWSTR text = NULL;
    HCS_SYSTEM system = probe_running();
    HCS_OPERATION operation = api.create_operation(NULL, NULL);
    probe_expect("pause", api.pause(system, operation, NULL), S_OK);
    probe_expect("timeout", api.wait(operation, 50, &text), (HRESULT)0x80370118);
    probe_expect("pending", api.result(operation, &text), (HRESULT)0x80370117);
    api.close_operation(operation); /* allowed */
}

static void network(void)
{
    static const GUID id = {0x11112222, 0x3333, 0x4444, {0x55, 0x55, 1, 2, 3, 4, 5, 6}};
    static const GUID end = {0x21112222, 0x3333, 0x4444, {0x55, 0x55, 1, 2, 3, 4, 5, 6}};
    HCN_NETWORK network = NULL;
    HCN_ENDPOINT endpoint = NULL;
    PWSTR text = NULL;
    probe_expect("open", api.open_network(&id, &network, &text), (HRESULT)0x803B0001);
    probe_true("error record", text && wcsstr(text, L"not found"));
    CoTaskMemFree(text);
    probe_expect("create", api.create_network(&id, probe_file(probe_words[0]), &network, &text), S_OK);
    probe_true("no error record", text == NULL);
    probe_expect(
        "endpoint",
        api.create_endpoint(network, &end, L"{\"SchemaVersion\":{\"Major\":2,\"Minor\":0}}", &endpoint, NULL),
        S_OK);
    probe_expect("query", api.query_endpoint(endpoint, NULL, &text, NULL), S_OK);
    probe_true("address", wcsstr(text, L"\"IPAddress\": \"172.29.64.2\"") != NULL);
    CoTaskMemFree(text);
    probe_expect("close", api.close_endpoint(endpoint), S_OK);
    probe_expect("delete with endpoints", api.delete_network(&id, NULL), (HRESULT)0x803B002C);
    probe_expect("delete endpoint", api.delete_endpoint(&end, NULL), S_OK);
    probe_expect("close network", api.close_network(network), S_OK);
    probe_expect("delete", api.delete_network(&id, NULL), S_OK);
}

/* Misuse: the DLL ends the program. */

static void double_close(void)
{
    HCS_OPERATION operation = api.create_operation(NULL, NULL);
    api.close_operation(operation);
    api.close_operation(operation);
}

static void use_after_close(void)
{
    HCS_SYSTEM system = probe_create();
    api.close(system);
    HCS_OPERATION operation = api.create_operation(NULL, NULL);
    api.start(system, operation, NULL);
}

static void reuse_while_pending(void)
{
    HCS_SYSTEM system = probe_running();
    HCS_OPERATION operation = api.create_operation(NULL, NULL);
    api.pause(system, operation, NULL);
    api.properties(system, operation, NULL);
}

static void close_while_pending(void)
{
    HCS_SYSTEM system = probe_running();
    api.pause(system, api.create_operation(NULL, NULL), NULL);
    api.close(system);
}

static void wrong_kind(void)
{
    HCS_OPERATION operation = api.create_operation(NULL, NULL);
    api.close((HCS_SYSTEM)operation);
}

static void no_handle(void)
{
    api.close((HCS_SYSTEM)(UINT_PTR)0x1234);
}

static void CALLBACK close_inside(HCS_EVENT *event, void *context)
{
    (void)event;
    api.close(*(HCS_SYSTEM *)context);
}

static void close_in_callback(void)
{
    static HCS_SYSTEM system;
    system = probe_create();
    api.set_callback(system, HcsEventOptionNone, &system, close_inside);
    done(system, api.terminate, NULL);
    Sleep(60000);
}

static void result_not_freed(void)
{
    PWSTR text = NULL;
    probe_expect("service", api.service(NULL, &text), S_OK);
}

static void leaks(void)
{
    api.create_operation(NULL, NULL);
    probe_create();
}

const probe_case probe_cases[] = {
    {"life", life},
    {"saved", saved},
    {"operations", operations},
    {"callbacks", callbacks},
    {"timeout", timeout},
    {"network", network},
    {"double-close", double_close},
    {"use-after-close", use_after_close},
    {"reuse-while-pending", reuse_while_pending},
    {"close-while-pending", close_while_pending},
    {"wrong-kind", wrong_kind},
    {"no-handle", no_handle},
    {"close-in-callback", close_in_callback},
    {"result-not-freed", result_not_freed},
    {"leaks", leaks},
    {NULL, NULL},
};
