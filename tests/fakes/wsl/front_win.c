/* The front end under Wine. How it is called decides what it is: `wsl.exe` a call; `wsl.exe --wslsim-agent`
 * the agent of this prefix; `wslhost.exe …` or `wsl.exe --wslsim-hang` a process that only exists until the
 * back end lets it go. Wine's own extension tells the host folder of a drive. */
#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>

#include <windows.h>

#include "front_win.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static SOCKET connection = INVALID_SOCKET;

wchar_t *win_wide(const char *text)
{
    int len = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *wide = calloc((size_t)len + 1, sizeof *wide);
    if (!wide)
        front_mistake("wslsim: no memory\n");
    MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, len);
    return wide;
}

wchar_t *win_wide_path(const char *text)
{
    char path[4096];
    if (text[0] != '/')
        return win_wide(text);
    snprintf(path, sizeof path, "\\\\?\\unix%s", text);
    for (char *at = path; *at; at++)
        *at = *at == '/' ? '\\' : *at;
    return win_wide(path);
}

char *win_utf8(const wchar_t *text)
{
    int len = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *narrow = calloc((size_t)len + 1, 1);
    if (!narrow)
        front_mistake("wslsim: no memory\n");
    WideCharToMultiByte(CP_UTF8, 0, text, -1, narrow, len, NULL, NULL);
    return narrow;
}

void plat_complain(const char *words)
{
    plat_write(2, words, strlen(words));
}

bool plat_read_daemon(char *into, size_t room)
{
    wchar_t state[4096], path[4200];
    wchar_t *name = win_wide(FRONT_STATE);
    DWORD len = GetEnvironmentVariableW(name, state, 4096), got = 0;
    free(name);
    if (len == 0 || len >= 4096)
        return false;
    char *narrow = win_utf8(state);
    wchar_t *folder = win_wide_path(narrow);
    swprintf(path, 4200, L"%ls\\daemon", folder);
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              NULL, OPEN_EXISTING, 0, NULL);
    bool ok = file != INVALID_HANDLE_VALUE && ReadFile(file, into, (DWORD)room - 1, &got, NULL);
    into[got] = '\0';
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
    free(folder);
    free(narrow);
    return ok;
}

bool plat_connect(uint16_t port)
{
    WSADATA data;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0)
        return false;
    connection = WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_NO_HANDLE_INHERIT);
    BOOL one = TRUE;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, (const char *)&one, sizeof one);
    return connection != INVALID_SOCKET && connect(connection, (struct sockaddr *)&to, sizeof to) == 0;
}

bool plat_send(const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        int done = send(connection, at, (int)len, 0);
        if (done <= 0)
            return false;
        at += done;
        len -= (size_t)done;
    }
    return true;
}

bool plat_receive(void *into, size_t len)
{
    char *at = into;
    while (len > 0) {
        int done = recv(connection, at, (int)len, 0);
        if (done <= 0)
            return false;
        at += done;
        len -= (size_t)done;
    }
    return true;
}

/* A caller without such a stream loses the bytes, as with any program. */
bool plat_write(int stream, const void *bytes, size_t len)
{
    HANDLE to = GetStdHandle(stream == 1 ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE);
    const char *at = bytes;
    while (len > 0 && to && to != INVALID_HANDLE_VALUE) {
        DWORD done = 0;
        if (!WriteFile(to, at, (DWORD)len, &done, NULL))
            return false;
        at += done;
        len -= done;
    }
    return true;
}

long plat_read_input(void *into, size_t len)
{
    DWORD got = 0;
    HANDLE from = GetStdHandle(STD_INPUT_HANDLE);
    if (!from || from == INVALID_HANDLE_VALUE || !ReadFile(from, into, (DWORD)len, &got, NULL))
        return 0;
    return (long)got;
}

static DWORD WINAPI run(void *work)
{
    void (*call)(void);
    memcpy(&call, &work, sizeof call);
    call();
    return 0;
}

bool plat_thread(void (*work)(void))
{
    void *pointer;
    memcpy(&pointer, &work, sizeof pointer);
    HANDLE thread = CreateThread(NULL, 0, run, pointer, 0, NULL);
    if (thread)
        CloseHandle(thread);
    return thread != NULL;
}

/* This program again, without a console and without any handle of ours. */
static void start_self(const wchar_t *argument)
{
    wchar_t program[MAX_PATH * 4], line[MAX_PATH * 4 + 64];
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION made;
    GetModuleFileNameW(NULL, program, MAX_PATH * 4);
    swprintf(line, MAX_PATH * 4 + 64, L"\"%ls\" %ls", program, argument);
    DWORD flags = DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP;
    if (!CreateProcessW(program, line, NULL, NULL, FALSE, flags | CREATE_BREAKAWAY_FROM_JOB, NULL, NULL,
                        &startup, &made)
        && !CreateProcessW(program, line, NULL, NULL, FALSE, flags, NULL, NULL, &startup, &made))
        front_mistake("wslsim: cannot start a helper\n");
    CloseHandle(made.hThread);
    CloseHandle(made.hProcess);
}

void plat_grandchild(void)
{
    start_self(L"--wslsim-hang");
}

void plat_start_agent(void)
{
    start_self(L"--wslsim-agent");
}

static const wchar_t *rest_of_command_line(void)
{
    const wchar_t *at = GetCommandLineW();
    if (*at == L'"') {
        at = wcschr(at + 1, L'"');
        at = at ? at + 1 : L"";
    } else {
        at += wcscspn(at, L" \t");
    }
    return at + wcsspn(at, L" \t");
}

void win_hello_environment(front_text *hello)
{
    wchar_t *all = GetEnvironmentStringsW();
    for (wchar_t *at = all; *at; at += wcslen(at) + 1) {
        wchar_t *equals = wcschr(at + 1, L'='); /* "=C:" are the drives' current folders */
        if (!equals || *at == L'=')
            continue;
        char *text = win_utf8(at), name[512], *value = strchr(text, '=');
        if (snprintf(name, sizeof name, "env.%.*s", (int)(value - text), text) < (int)sizeof name)
            front_field(hello, name, value + 1);
        free(text);
    }
    FreeEnvironmentStringsW(all);
}

typedef char *(CDECL *unix_name)(const wchar_t *);

static unix_name find_unix_name(void)
{
    unix_name call = NULL;
    FARPROC found = GetProcAddress(GetModuleHandleW(L"kernel32"), "wine_get_unix_file_name");
    memcpy(&call, &found, sizeof call);
    return call;
}

static void hello_drives(front_text *hello)
{
    unix_name host = find_unix_name();
    for (wchar_t letter = L'A'; host && letter <= L'Z'; letter++) {
        wchar_t root[] = {letter, L':', L'\\', L'\0'};
        char name[] = {'d', 'r', 'i', 'v', 'e', '.', (char)letter, '\0'};
        char *folder = GetLogicalDrives() >> (letter - L'A') & 1 ? host(root) : NULL;
        if (folder)
            front_field(hello, name, folder);
    }
}

static void hello_text(front_text *hello, const char *name, const wchar_t *text)
{
    char *narrow = win_utf8(text);
    front_field(hello, name, narrow);
    free(narrow);
}

void plat_hello(front_text *hello)
{
    wchar_t path[MAX_PATH * 4];
    front_field(hello, "system", "windows");
    hello_text(hello, "cmdline", rest_of_command_line());
    if (GetCurrentDirectoryW(MAX_PATH * 4, path))
        hello_text(hello, "cwd", path);
    GetModuleFileNameW(NULL, path, MAX_PATH * 4);
    unix_name host = find_unix_name();
    char *self = host ? host(path) : NULL;
    if (self)
        front_field(hello, "self", self);
    win_hello_environment(hello);
    hello_drives(hello);
}

static bool is_named(const wchar_t *stem)
{
    wchar_t program[MAX_PATH * 4];
    GetModuleFileNameW(NULL, program, MAX_PATH * 4);
    wchar_t *base = wcsrchr(program, L'\\');
    return _wcsicmp(base ? base + 1 : program, stem) == 0;
}

int main(void)
{
    const wchar_t *rest = rest_of_command_line();
    if (wcscmp(rest, L"--wslsim-agent") == 0)
        agent_run();
    else if (is_named(L"wslhost.exe") || wcscmp(rest, L"--wslsim-hang") == 0)
        front_hang();
    else
        ExitProcess(front_call());
    ExitProcess(0);
}
