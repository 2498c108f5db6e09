/* Two threads per COM port, one for each direction; the pipe is opened for overlapped use, since Windows lets
 * only one operation at a time use a plain one. Bytes of the guest that nobody takes are lost in mode 2, as
 * on Windows. */
#include "agent.h"

#include <stdlib.h>

enum { CHUNK = 1 << 14 };

typedef struct com_port {
    wchar_t *name;
    HANDLE pipe;
    SOCKET guest;
    bool server;
    volatile LONG ended;
} com_port;

static bool finish(com_port *of, OVERLAPPED *over, BOOL started, DWORD *done)
{
    if (!started && GetLastError() != ERROR_IO_PENDING)
        return false;
    return GetOverlappedResult(of->pipe, over, done, TRUE);
}

static bool pipe_write(com_port *of, const char *bytes, DWORD len)
{
    OVERLAPPED over = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD done = 0;
    bool ok = true;
    while (ok && len > 0) {
        ok = finish(of, &over, WriteFile(of->pipe, bytes, len, NULL, &over), &done);
        bytes += done;
        len -= ok ? done : len;
    }
    CloseHandle(over.hEvent);
    return ok;
}

static DWORD pipe_read(com_port *of, char *bytes)
{
    OVERLAPPED over = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD done = 0;
    bool ok = finish(of, &over, ReadFile(of->pipe, bytes, CHUNK, NULL, &over), &done);
    CloseHandle(over.hEvent);
    return ok ? done : 0;
}

static bool pipe_await_client(com_port *of)
{
    OVERLAPPED over = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD done;
    bool started = ConnectNamedPipe(of->pipe, &over);
    bool ok = (!started && GetLastError() == ERROR_PIPE_CONNECTED) || finish(of, &over, started, &done);
    CloseHandle(over.hEvent);
    return ok;
}

/* From the guest to the pipe. The guest is always read: a reader that has gone must not stall it. */
static DWORD WINAPI from_guest(void *context)
{
    com_port *of = context;
    char bytes[CHUNK];
    bool silent = false;
    for (int len; (len = recv(of->guest, bytes, CHUNK, 0)) > 0;) {
        if (!silent && !pipe_write(of, bytes, (DWORD)len))
            silent = !of->server; /* nobody connects to a client again */
    }
    InterlockedExchange(&of->ended, 1);
    CancelIoEx(of->pipe, NULL);
    return 0;
}

static void to_guest(com_port *of)
{
    char bytes[CHUNK];
    for (DWORD len; (len = pipe_read(of, bytes)) > 0;)
        send(of->guest, bytes, (int)len, 0);
}

static DWORD WINAPI run(void *context)
{
    com_port *of = context;
    HANDLE other = CreateThread(NULL, 0, from_guest, of, 0, NULL);
    if (!of->server)
        to_guest(of);
    while (of->server && !of->ended && pipe_await_client(of)) {
        to_guest(of);
        DisconnectNamedPipe(of->pipe);
    }
    if (!of->server)
        CancelIoEx(of->pipe, NULL); /* whoever served the pipe has gone: a write to it would wait for ever */
    WaitForSingleObject(other, INFINITE);
    CloseHandle(other);
    CloseHandle(of->pipe);
    closesocket(of->guest);
    free(of->name);
    free(of);
    return 0;
}

static SOCKET connect_guest(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SOCKET guest =
        WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_NO_HANDLE_INHERIT | WSA_FLAG_OVERLAPPED);
    if (connect(guest, (struct sockaddr *)&to, sizeof to) == 0)
        return guest;
    closesocket(guest);
    return INVALID_SOCKET;
}

static HANDLE serve(const wchar_t *name)
{
    return CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                            PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT, 1, 1 << 16, 1 << 16, 0, NULL);
}

bool agent_pipe(const char *name, uint16_t port)
{
    com_port *of = calloc(1, sizeof *of);
    if (!of)
        return false;
    of->name = win_wide(name);
    of->guest = connect_guest(port);
    of->pipe = CreateFileW(of->name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                           FILE_FLAG_OVERLAPPED, NULL);
    bool client = of->pipe != INVALID_HANDLE_VALUE;
    of->server = !client;
    if (!client)
        of->pipe = serve(of->name);
    HANDLE thread = of->pipe != INVALID_HANDLE_VALUE ? CreateThread(NULL, 0, run, of, 0, NULL) : NULL;
    if (thread)
        CloseHandle(thread);
    return client;
}
