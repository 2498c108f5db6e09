/* Begins, finds the functions, runs the case. */
#include "probe.h"

#include <string.h>

probe_api api;
char **probe_words;

void probe_true(const char *what, bool holds)
{
    if (!holds) {
        printf("%s: no\n", what);
        fflush(stdout);
        ExitProcess(1);
    }
}

void probe_expect(const char *what, HRESULT code, HRESULT wanted)
{
    if (code != wanted)
        printf("%s: %#lx, not %#lx\n", what, code, wanted);
    probe_true(what, code == wanted);
}

wchar_t *probe_wide(const char *text)
{
    int len = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *wide = calloc((size_t)len + 1, sizeof *wide);
    MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, len);
    return wide;
}

wchar_t *probe_file(const char *path)
{
    DWORD len = 0;
    char *text = calloc(1, 1 << 20);
    HANDLE file = CreateFileW(probe_wide(path), GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    probe_true("the document",
               file != INVALID_HANDLE_VALUE && ReadFile(file, text, (1 << 20) - 1, &len, NULL));
    CloseHandle(file);
    return probe_wide(text);
}

HRESULT probe_done(HRESULT began, HCS_OPERATION operation, PWSTR *document)
{
    PWSTR text = NULL;
    HRESULT code = SUCCEEDED(began) ? api.wait(operation, 60000, &text) : began;
    if (document)
        *document = text;
    else
        LocalFree(text);
    api.close_operation(operation);
    return code;
}

HCS_SYSTEM probe_create(void)
{
    HCS_SYSTEM system = NULL;
    HCS_OPERATION operation = api.create_operation(NULL, NULL);
    HRESULT began =
        api.create(probe_wide(probe_words[0]), probe_file(probe_words[1]), operation, NULL, &system);
    probe_expect("create", probe_done(began, operation, NULL), S_OK);
    return system;
}

HCS_SYSTEM probe_granted(void)
{
    for (char **at = probe_words + 2; *at; at++)
        probe_expect(*at, api.grant(probe_wide(probe_words[0]), probe_wide(*at)), S_OK);
    return probe_create();
}

HCS_SYSTEM probe_running(void)
{
    HCS_SYSTEM system = probe_granted();
    HCS_OPERATION operation = api.create_operation(NULL, NULL);
    probe_expect("start", probe_done(api.start(system, operation, NULL), operation, NULL), S_OK);
    return system;
}

static HMODULE load(const char *folder, const char *name)
{
    wchar_t path[2048];
    swprintf(path, 2048, L"%ls\\%hs", probe_wide(folder), name);
    HMODULE dll = LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    probe_true(name, dll != NULL);
    return dll;
}

#define FIND(dll, member, name)                                                                              \
    do {                                                                                                     \
        FARPROC found = GetProcAddress(dll, #name);                                                          \
        probe_true(#name, found != NULL);                                                                    \
        memcpy(&api.member, &found, sizeof found);                                                           \
    } while (0)

static void find_all(const char *folder)
{
    HMODULE core = load(folder, "computecore.dll"), net = load(folder, "computenetwork.dll");
    FIND(core, create_operation, HcsCreateOperation);
    FIND(core, close_operation, HcsCloseOperation);
    FIND(core, wait, HcsWaitForOperationResult);
    FIND(core, result, HcsGetOperationResult);
    FIND(core, type, HcsGetOperationType);
    FIND(core, system_of, HcsGetComputeSystemFromOperation);
    FIND(core, create, HcsCreateComputeSystem);
    FIND(core, open, HcsOpenComputeSystem);
    FIND(core, close, HcsCloseComputeSystem);
    FIND(core, start, HcsStartComputeSystem);
    FIND(core, pause, HcsPauseComputeSystem);
    FIND(core, resume, HcsResumeComputeSystem);
    FIND(core, save, HcsSaveComputeSystem);
    FIND(core, shut_down, HcsShutDownComputeSystem);
    FIND(core, terminate, HcsTerminateComputeSystem);
    FIND(core, properties, HcsGetComputeSystemProperties);
    FIND(core, set_callback, HcsSetComputeSystemCallback);
    FIND(core, wait_exit, HcsWaitForComputeSystemExit);
    FIND(core, service, HcsGetServiceProperties);
    FIND(core, grant, HcsGrantVmAccess);
    FIND(core, runtime_file, HcsCreateEmptyRuntimeStateFile);
    FIND(core, enumerate, HcsEnumerateComputeSystems);
    FIND(net, create_network, HcnCreateNetwork);
    FIND(net, open_network, HcnOpenNetwork);
    FIND(net, close_network, HcnCloseNetwork);
    FIND(net, delete_network, HcnDeleteNetwork);
    FIND(net, create_endpoint, HcnCreateEndpoint);
    FIND(net, query_endpoint, HcnQueryEndpointProperties);
    FIND(net, close_endpoint, HcnCloseEndpoint);
    FIND(net, delete_endpoint, HcnDeleteEndpoint);
}

static char *narrow(const wchar_t *text)
{
    int len = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *copy = calloc((size_t)len + 1, 1);
    WideCharToMultiByte(CP_UTF8, 0, text, -1, copy, len, NULL, NULL);
    return copy;
}

static const probe_case *find_case(const probe_case *cases, const char *name)
{
    while (cases->name && strcmp(cases->name, name) != 0)
        cases++;
    return cases->name ? cases : NULL;
}

int wmain(int count, wchar_t **words)
{
    char **narrow_words = calloc((size_t)count + 1, sizeof *narrow_words);
    for (int i = 0; i < count; i++)
        narrow_words[i] = narrow(words[i]);
    probe_true("usage: hcs_probe FOLDER CASE [ARGUMENT…]", count >= 3);
    probe_words = narrow_words + 3;
    const probe_case *found = find_case(probe_cases, narrow_words[2]);
    found = found ? found : find_case(probe_agent_cases, narrow_words[2]);
    if (found) {
        find_all(narrow_words[1]);
    } else {
        found = find_case(probe_disk_cases, narrow_words[2]);
        probe_true(narrow_words[2], found != NULL);
        load(narrow_words[1], "virtdisk.dll");
    }
    found->run();
    printf("done\n");
    fflush(stdout);
    ExitProcess(0);
}
