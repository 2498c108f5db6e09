/* What a VM's worker does in this Windows: named pipes as COM ports, files that are in use. */
#include "probe.h"

#include <string.h>

static HANDLE pipe_server(const wchar_t *name)
{
    HANDLE pipe =
        CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE,
                         PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1,
                         1 << 16, 1 << 16, 0, NULL);
    probe_true("pipe", pipe != INVALID_HANDLE_VALUE);
    return pipe;
}

static bool line_is(HANDLE pipe, const char *wanted)
{
    char line[256] = "";
    DWORD got = 0;
    for (size_t len = 0; len < sizeof line - 1 && !strchr(line, '\n'); len += got)
        probe_true("read", ReadFile(pipe, line + len, 1, &got, NULL) && got == 1);
    return strcmp(line, wanted) == 0;
}

/* What the guest said when it booted may come first. */
static void echoed(HANDLE pipe)
{
    DWORD done;
    probe_true("write", WriteFile(pipe, "echo me\n", 8, &done, NULL) && done == 8);
    probe_true("echo", line_is(pipe, "echo me\n") || line_is(pipe, "echo me\n"));
}

static void finish(HCS_SYSTEM system)
{
    HCS_OPERATION operation = api.create_operation(NULL, NULL);
    probe_expect("terminate", probe_done(api.terminate(system, operation, NULL), operation, NULL), S_OK);
    api.close(system);
}

/* The pipe is served before the VM starts: not a byte is lost, and nobody comes again. words: PIPE ID
 * DOCUMENT FILE… */
static void console_server(void)
{
    HANDLE pipe = pipe_server(probe_wide(*probe_words++));
    HCS_SYSTEM system = probe_running();
    probe_true("connected", ConnectNamedPipe(pipe, NULL) || GetLastError() == ERROR_PIPE_CONNECTED);
    probe_true("the first line", line_is(pipe, "stub guest: booted\r\n"));
    echoed(pipe);
    finish(system);
    char byte;
    DWORD got;
    probe_true("its end", !ReadFile(pipe, &byte, 1, &got, NULL) && GetLastError() == ERROR_BROKEN_PIPE);
    CloseHandle(pipe);
}

/* Nobody serves it: the VM does, for one client after the other. */
static void console_client(void)
{
    wchar_t *name = probe_wide(*probe_words++);
    HCS_SYSTEM system = probe_running();
    for (int i = 0; i < 2; i++) {
        HANDLE pipe = INVALID_HANDLE_VALUE;
        for (int tries = 0; tries < 6000 && pipe == INVALID_HANDLE_VALUE; tries++) {
            pipe = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
            Sleep(pipe == INVALID_HANDLE_VALUE ? 10 : 0);
        }
        probe_true("client", pipe != INVALID_HANDLE_VALUE);
        echoed(pipe);
        CloseHandle(pipe);
    }
    finish(system);
}

/* A VM in QEMU whose firmware finds nothing to boot: all it says comes by the pipe. words: PIPE ID DOCUMENT FILE… */
static void firmware(void)
{
    static char text[1 << 16];
    HANDLE pipe = pipe_server(probe_wide(*probe_words++));
    HCS_SYSTEM system = probe_running();
    DWORD got = 0;
    probe_true("connected", ConnectNamedPipe(pipe, NULL) || GetLastError() == ERROR_PIPE_CONNECTED);
    for (size_t len = 0; len < sizeof text - 1 && !strstr(text, "BdsDxe"); len += got)
        probe_true("read", ReadFile(pipe, text + len, (DWORD)(sizeof text - 1 - len), &got, NULL) && got > 0);
    probe_true("the firmware's words", strstr(text, "BdsDxe") != NULL);
    finish(system);
    CloseHandle(pipe);
}

/* words: DISK ID DOCUMENT FILE… */
static void files_in_use(void)
{
    wchar_t *path = probe_wide(*probe_words++);
    HANDLE file = CreateFileW(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    HCS_SYSTEM system = probe_granted();
    HCS_OPERATION operation = api.create_operation(NULL, NULL);
    probe_expect("somebody has it", probe_done(api.start(system, operation, NULL), operation, NULL),
                 HRESULT_FROM_WIN32(ERROR_SHARING_VIOLATION));
    api.close(system);
    CloseHandle(file);
    system = probe_running();
    probe_true("the VM has it", !DeleteFileW(path) && GetLastError() == ERROR_SHARING_VIOLATION);
    finish(system);
    for (int tries = 0; tries < 6000 && !DeleteFileW(path); tries++)
        Sleep(10); /* the worker lets go after the call has ended */
    probe_true("removed", GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES);
}

const probe_case probe_agent_cases[] = {
    {"console-server", console_server},
    {"console-client", console_client},
    {"firmware", firmware},
    {"files-in-use", files_in_use},
    {NULL, NULL},
};
