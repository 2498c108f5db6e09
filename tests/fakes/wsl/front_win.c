/* The front end under Wine. How it is called decides what it is: `wsl.exe` a call; `wsl.exe --wslsim-agent`
 * the agent of this prefix; `wslhost.exe …` or `wsl.exe --wslsim-hang` a process that only exists until the
 * back end lets it go. */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "front_win.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void start_self(const wchar_t *argument)
{
    wchar_t program[MAX_PATH * 4], line[MAX_PATH * 4 + 64];
    GetModuleFileNameW(NULL, program, MAX_PATH * 4);
    swprintf(line, MAX_PATH * 4 + 64, L"\"%ls\" %ls", program, argument);
    win_start_helper(program, line);
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

void plat_hello(front_text *hello)
{
    wchar_t path[MAX_PATH * 4];
    front_field(hello, "system", "windows");
    win_hello_text(hello, "cmdline", rest_of_command_line());
    if (GetCurrentDirectoryW(MAX_PATH * 4, path))
        win_hello_text(hello, "cwd", path);
    GetModuleFileNameW(NULL, path, MAX_PATH * 4);
    win_unix_name host = win_find_unix_name();
    char *self = host ? host(path) : NULL;
    if (self)
        front_field(hello, "self", self);
    win_hello_environment(hello);
    win_hello_drives(hello);
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
