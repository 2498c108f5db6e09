/* By WriteFile only: this also runs while the process ends and the C library may be gone. */
#include "misuse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

#include "front_link_win.h"

static void write_log(const char *name, const char *line)
{
    wchar_t state[2048], path[4200];
    DWORD len = GetEnvironmentVariableW(L"HCSSIM_STATE", state, 2048), done;
    if (len == 0 || len >= 2048)
        return;
    char *narrow = win_utf8(state);
    wchar_t *folder = win_wide_path(narrow);
    swprintf(path, 4200, L"%ls\\%hs", folder, name);
    HANDLE file = CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              NULL, OPEN_ALWAYS, 0, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        WriteFile(file, line, (DWORD)strlen(line), &done, NULL);
        CloseHandle(file);
    }
    free(folder);
    free(narrow);
}

static void say(const char *log, const char *begin, const char *format, va_list values)
{
    char words[900], line[1024];
    vsnprintf(words, sizeof words, format, values);
    snprintf(line, sizeof line, "%s%s (process %lu)\n", begin, words, GetCurrentProcessId());
    plat_complain(line);
    write_log(log, line);
}

void misuse_abort(const char *function, const char *format, ...)
{
    char begin[128];
    va_list values;
    snprintf(begin, sizeof begin, "%s: ", function);
    va_start(values, format);
    say("misuse.log", begin, format, values);
    va_end(values);
    TerminateProcess(GetCurrentProcess(), MISUSE_EXIT);
    abort();
}

void misuse_mistake(const char *words)
{
    plat_complain("hcssim: the double itself failed: ");
    plat_complain(words);
    plat_complain("\n");
    TerminateProcess(GetCurrentProcess(), MISTAKE_EXIT);
    abort();
}

void misuse_leak(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say("leaks.log", "leak: ", format, values);
    va_end(values);
}
