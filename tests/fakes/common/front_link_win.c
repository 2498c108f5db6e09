/* The Windows half of the connection, under Wine, and text. Wine's own extension tells the host folder of a
 * drive. */
#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>

#include <windows.h>

#include "front_link_win.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static SOCKET connection = INVALID_SOCKET;

wchar_t *win_wide(const char *text)
{
    int len = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *wide = calloc((size_t)len + 1, sizeof *wide);
    if (!wide)
        front_mistake("front end: no memory\n");
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
        front_mistake("front end: no memory\n");
    WideCharToMultiByte(CP_UTF8, 0, text, -1, narrow, len, NULL, NULL);
    return narrow;
}

void win_start_helper(const wchar_t *program, wchar_t *line)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION made;
    DWORD flags = DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP;
    if (!CreateProcessW(program, line, NULL, NULL, FALSE, flags | CREATE_BREAKAWAY_FROM_JOB, NULL, NULL,
                        &startup, &made)
        && !CreateProcessW(program, line, NULL, NULL, FALSE, flags, NULL, NULL, &startup, &made))
        front_mistake("front end: cannot start a helper\n");
    CloseHandle(made.hThread);
    CloseHandle(made.hProcess);
}

void plat_complain(const char *words)
{
    DWORD done;
    HANDLE to = GetStdHandle(STD_ERROR_HANDLE);
    if (to && to != INVALID_HANDLE_VALUE)
        WriteFile(to, words, (DWORD)strlen(words), &done, NULL);
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

win_unix_name win_find_unix_name(void)
{
    win_unix_name call = NULL;
    FARPROC found = GetProcAddress(GetModuleHandleW(L"kernel32"), "wine_get_unix_file_name");
    memcpy(&call, &found, sizeof call);
    return call;
}

void win_hello_drives(front_text *hello)
{
    win_unix_name host = win_find_unix_name();
    for (wchar_t letter = L'A'; host && letter <= L'Z'; letter++) {
        wchar_t root[] = {letter, L':', L'\\', L'\0'};
        char name[] = {'d', 'r', 'i', 'v', 'e', '.', (char)letter, '\0'};
        char *folder = GetLogicalDrives() >> (letter - L'A') & 1 ? host(root) : NULL;
        if (folder)
            front_field(hello, name, folder);
    }
}

void win_hello_text(front_text *hello, const char *name, const wchar_t *text)
{
    char *narrow = win_utf8(text);
    front_field(hello, name, narrow);
    free(narrow);
}
