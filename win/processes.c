/* A snapshot of all processes gives names and pids; each one that is asked for is then opened and asked for
 * its command line. A pid may have passed to another program between the two: so the opened one is asked for
 * its file as well. */
#include "processes.h"

#include <windows.h>
#include <tlhelp32.h>
#include <winternl.h>

#include <stdlib.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "wide.h"
#include "win_err.h"

/* Windows 8.1 and later; no header has it. Gives a UNICODE_STRING with its units behind it. */
#define PROCESS_COMMAND_LINE ((PROCESSINFOCLASS)60)

enum {
    COMMAND_MAX = 72 * 1024, /* bytes: a command line has at most 32767 units */
    IMAGE_MAX = 32768,
};

static bool is_named(const char *file, const char *image)
{
    char *base = lima_path_base(file);
    bool same = lima_str_eq_nocase(base, image);

    free(base);
    return same;
}

/* Whether the file of the process has this name still; yes if Windows does not tell. */
static bool runs(HANDLE process, const char *image)
{
    wchar_t *name = lima_mem_zalloc(IMAGE_MAX, sizeof *name);
    DWORD size = IMAGE_MAX;
    bool known = QueryFullProcessImageNameW(process, 0, name, &size);
    char *file = lima_wide_to_text(name, known ? size : 0);
    bool same = !known || is_named(file, image);

    free(file);
    free(name);
    return same;
}

/* Owned; NULL if Windows does not tell. */
static char *command_line(HANDLE process)
{
    UNICODE_STRING *command = lima_mem_zalloc(1, COMMAND_MAX);
    ULONG len = 0;
    char *text = NULL;

    if (!NtQueryInformationProcess(process, PROCESS_COMMAND_LINE, command, COMMAND_MAX, &len)
        && command->Buffer)
        text = lima_wide_to_text(command->Buffer, command->Length / sizeof *command->Buffer);
    free(command);
    return text;
}

static void add(const PROCESSENTRY32W *seen, const char *image, lima_processes *list)
{
    lima_processes_entry entry = {.pid = seen->th32ProcessID, .parent = seen->th32ParentProcessID};
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, entry.pid);
    bool other = process ? !runs(process, image) : GetLastError() == ERROR_INVALID_PARAMETER; /* ended */

    if (process && !other)
        entry.command = command_line(process);
    if (process)
        CloseHandle(process);
    if (other)
        return;
    list->entries = lima_mem_resize(list->entries, list->count + 1, sizeof *list->entries);
    list->entries[list->count++] = entry;
}

static bool add_all(HANDLE snapshot, const char *image, lima_processes *list, lima_err *err)
{
    PROCESSENTRY32W seen = {.dwSize = sizeof seen};

    for (BOOL more = Process32FirstW(snapshot, &seen); more; more = Process32NextW(snapshot, &seen)) {
        char *name = lima_wide_to_text(seen.szExeFile, wcslen(seen.szExeFile));
        bool wanted = is_named(name, image);
        free(name);
        if (wanted && list->count >= LIMA_PROCESSES_MAX)
            return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "more than %d processes '%s'",
                                LIMA_PROCESSES_MAX, image);
        if (wanted)
            add(&seen, image, list);
    }
    DWORD failed = GetLastError();
    return failed == ERROR_NO_MORE_FILES || lima_win_fail(err, failed, "list processes");
}

bool lima_processes_find(const char *image, lima_processes *ret, lima_err *err)
{
    lima_processes list = {0};
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);

    if (snapshot == INVALID_HANDLE_VALUE)
        return lima_win_fail(err, GetLastError(), "list processes");
    bool ok = add_all(snapshot, image, &list, err);
    CloseHandle(snapshot);
    if (ok)
        *ret = list;
    else
        lima_processes_free(&list);
    return ok;
}
