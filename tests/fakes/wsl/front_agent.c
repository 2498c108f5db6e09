/* The agent: what WSL's service does on Windows and the back end cannot do from Linux. One per Wine
 * prefix; it ends with the back end. Orders: `registry` (Lxss as it is to be), `hold` and `release` (a
 * disk: open for writing, shared for reading only, so that whoever wants to write, rename or delete it
 * gets a sharing violation, and whoever shares everything may read), `free` (whether nobody has a file
 * open), `host` and `unhost` (a wslhost.exe). */
#define WIN32_LEAN_AND_MEAN
#include "front_win.h"

#include "front_held.h"

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LXSS L"Software\\Microsoft\\Windows\\CurrentVersion\\Lxss"

static void host(const char *command)
{
    wchar_t program[MAX_PATH * 4];
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION made;
    wchar_t *line = win_wide(command);
    GetModuleFileNameW(NULL, program, MAX_PATH * 4 - 16);
    wcscpy(wcsrchr(program, L'\\') + 1, L"wslhost.exe");
    if (CreateProcessW(program, line, NULL, NULL, FALSE, DETACHED_PROCESS, NULL, NULL, &startup, &made)) {
        CloseHandle(made.hThread);
        held_keep(command, made.hProcess);
    }
    free(line);
}

/* The next field after `at`; NULL at the end. */
static const char *next(const char *at, const char *end)
{
    at += strlen(at) + 1;
    return at < end ? at : NULL;
}

static void set_value(HKEY key, const char *field)
{
    char *name = strdup(field + 3), *value = strchr(name, '=');
    *value++ = '\0';
    wchar_t *wide_name = win_wide(name), *wide = win_wide(value);
    size_t len = wcslen(wide);
    if (strncmp(field, "dw=", 3) == 0) {
        DWORD number = (DWORD)strtoul(value, NULL, 10);
        RegSetValueExW(key, wide_name, 0, REG_DWORD, (const BYTE *)&number, sizeof number);
    } else if (strncmp(field, "sz=", 3) == 0) {
        RegSetValueExW(key, wide_name, 0, REG_SZ, (const BYTE *)wide, (DWORD)((len + 1) * sizeof *wide));
    } else { /* win_wide leaves room for the second NUL */
        for (size_t i = 0; i < len; i++)
            wide[i] = wide[i] == L'\n' ? L'\0' : wide[i];
        RegSetValueExW(key, wide_name, 0, REG_MULTI_SZ, (const BYTE *)wide,
                       (DWORD)((len + 2) * sizeof *wide));
    }
    free(wide);
    free(wide_name);
    free(name);
}

/* Whether the fields from `at` to the next key hold a value of this name. */
static bool has_value(const char *at, const char *end, const char *name)
{
    for (; at && strncmp(at, "key=", 4) != 0; at = next(at, end)) {
        size_t len = strlen(name);
        if (strncmp(at + 3, name, len) == 0 && at[3 + len] == '=')
            return true;
    }
    return false;
}

static bool has_key(const char *at, const char *end, const char *name)
{
    for (; at; at = next(at, end)) {
        if (strncmp(at, "key=", 4) == 0 && strcmp(at + 4, name) == 0)
            return true;
    }
    return false;
}

static void drop_values(HKEY key, const char *fields, const char *end)
{
    wchar_t name[256];
    for (DWORD i = 0, len = 256; RegEnumValueW(key, i, name, &len, NULL, NULL, NULL, NULL) == ERROR_SUCCESS;
         len = 256) {
        char *narrow = win_utf8(name);
        if (has_value(fields, end, narrow))
            i++;
        else
            RegDeleteValueW(key, name);
        free(narrow);
    }
}

static void drop_keys(const char *fields, const char *end)
{
    HKEY root;
    wchar_t name[256];
    if (RegOpenKeyExW(HKEY_CURRENT_USER, LXSS, 0, KEY_ALL_ACCESS, &root) != ERROR_SUCCESS)
        return;
    for (DWORD i = 0, len = 256; RegEnumKeyExW(root, i, name, &len, NULL, NULL, NULL, NULL) == ERROR_SUCCESS;
         len = 256) {
        char *narrow = win_utf8(name);
        if (has_key(fields, end, narrow))
            i++;
        else
            RegDeleteTreeW(root, name);
        free(narrow);
    }
    RegCloseKey(root);
}

/* `fields`: for each key `key=NAME` (empty: Lxss itself), then its values `sz=NAME=TEXT`,
 * `dw=NAME=NUMBER`, `ms=NAME=LINES`. */
static void registry(const char *fields, const char *end)
{
    HKEY key = NULL;
    for (const char *at = fields; at; at = next(at, end)) {
        if (strncmp(at, "key=", 4) != 0) {
            set_value(key, at);
            continue;
        }
        wchar_t path[512];
        wchar_t *name = win_wide(at + 4);
        swprintf(path, 512, L"%ls%ls%ls", LXSS, *name ? L"\\" : L"", name);
        free(name);
        if (key)
            RegCloseKey(key);
        if (RegCreateKeyExW(HKEY_CURRENT_USER, path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL)
            != ERROR_SUCCESS)
            return;
        drop_values(key, next(at, end), end);
    }
    if (key)
        RegCloseKey(key);
    drop_keys(fields, end);
}

/* As the installer of WSL leaves it: where it is, and its version. */
static void installed(const char *version)
{
    HKEY key;
    wchar_t program[MAX_PATH * 4];
    GetModuleFileNameW(NULL, program, MAX_PATH * 4);
    wcsrchr(program, L'\\')[1] = L'\0';
    if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Lxss\\MSI", 0,
                        NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL)
        != ERROR_SUCCESS)
        return;
    wchar_t *wide = win_wide(version);
    RegSetValueExW(key, L"InstallLocation", 0, REG_SZ, (const BYTE *)program,
                   (DWORD)((wcslen(program) + 1) * sizeof *program));
    RegSetValueExW(key, L"Version", 0, REG_SZ, (const BYTE *)wide,
                   (DWORD)((wcslen(wide) + 1) * sizeof *wide));
    free(wide);
    RegCloseKey(key);
}

/* `order`: "do=VERB", then its fields. False: somebody has the file open. */
static bool carry_out(const char *order, const char *end)
{
    const char *what = order + 3, *fields = next(order, end);
    const char *value = fields && strchr(fields, '=') ? strchr(fields, '=') + 1 : "";
    if (strcmp(what, "registry") == 0)
        registry(fields, end);
    else if (strcmp(what, "installed") == 0)
        installed(value);
    else if (strcmp(what, "hold") == 0)
        return held_hold(value);
    else if (strcmp(what, "free") == 0)
        return held_is_free(value);
    else if (strcmp(what, "host") == 0)
        host(value);
    else
        held_let_go(value, strcmp(what, "unhost") == 0);
    return true;
}

void agent_run(void)
{
    char kind;
    char *order = malloc(FRONT_FRAME_MAX + 1);
    uint32_t len;
    front_kind = "agent";
    if (!order || !front_connect())
        return;
    while (front_receive(&kind, order, &len)) {
        order[len] = '\0';
        const char *answer = carry_out(order, order + len) ? "+" : "-";
        if (!front_send('R', answer, 1))
            break;
    }
    held_end("wslhost");
}
