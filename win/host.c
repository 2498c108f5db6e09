/* Facts that do not change while the process lives, collected once and kept until it ends.
 *
 * machine_id is the host name: what limactl mixes into MAC addresses on Windows. The registry's MachineGuid
 * would be a better identity, but then the guest would not find its network card. */
#include "os/host.h"

#include <winsock2.h>
#include <windows.h>
#include <lmcons.h>

#include <stdlib.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "net.h"
#include "os/file.h"
#include "os/shared/shared.h"
#include "wide.h"
#include "win_err.h"

static lima_host host;

/* The real processor, also for a program that Windows translates. */
static const char *arch(void)
{
    USHORT program, machine = IMAGE_FILE_MACHINE_UNKNOWN;

    IsWow64Process2(GetCurrentProcess(), &program, &machine);
    switch (machine) {
    case IMAGE_FILE_MACHINE_AMD64:
        return "x86_64";
    case IMAGE_FILE_MACHINE_ARM64:
        return "aarch64";
    case IMAGE_FILE_MACHINE_ARMNT:
        return "armv7l";
    default:
        return "unknown";
    }
}

static uint64_t memory(void)
{
    MEMORYSTATUSEX status = {.dwLength = sizeof status};

    return GlobalMemoryStatusEx(&status) ? status.ullTotalPhys : 0;
}

/* Takes the text over; "" at worst. */
static const char *or_empty(char *text)
{
    return text ? text : lima_mem_strdup("");
}

static char *computer_name(void)
{
    wchar_t name[256];
    DWORD size = sizeof name / sizeof name[0];
    char *text = GetComputerNameExW(ComputerNamePhysicalDnsHostname, name, &size)
                     ? lima_wide_to_text(name, size)
                     : lima_env_get("COMPUTERNAME");
    if (text)
        lima_str_trim(text);
    return text;
}

static char *program(void)
{
    DWORD size = 256, len = 0;
    wchar_t *name = NULL;
    char *path = NULL, *real = NULL;

    do {
        size *= 2;
        name = lima_mem_resize(name, size, sizeof *name);
        len = GetModuleFileNameW(NULL, name, size);
    } while (len == size && size < 65536);
    if (len > 0 && len < size && lima_wide_to_path(name, &path, NULL)
        && lima_file_real_path(path, &real, NULL)) {
        free(path);
        path = NULL;
    }
    free(name);
    return real ? real : path;
}

/* Loaded late, which is from System32: were the library listed in the program, Windows would look for it in the program's own
 * folder first. */
static bool profile_folder(HANDLE token, wchar_t *into, DWORD *size)
{
    typedef BOOL(WINAPI * profile_fn)(HANDLE, wchar_t *, DWORD *);
    HMODULE library = LoadLibraryExW(L"userenv.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    profile_fn get =
        (profile_fn)(void (*)(void))(library ? GetProcAddress(library, "GetUserProfileDirectoryW") : NULL);

    return get && get(token, into, size);
}

static char *home(void)
{
    char *path = lima_shared_absolute_env("USERPROFILE");
    wchar_t name[MAX_PATH + 1];
    DWORD size = sizeof name / sizeof name[0];
    HANDLE token;

    if (path || !OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return path;
    if (profile_folder(token, name, &size))
        lima_wide_to_path(name, &path, NULL);
    CloseHandle(token);
    return path;
}

/* Where TMP or TEMP say, else the user's profile. Written out in full: Windows likes to hand short names
 * (RUNNER~1), under which other programs would not recognise what lies there. */
static char *temp(void)
{
    wchar_t name[MAX_PATH + 2], whole[1024];
    DWORD size = sizeof name / sizeof name[0], len = GetTempPathW(size, name);
    char *path = NULL;

    if (len == 0 || len >= size)
        return NULL;
    len = GetLongPathNameW(name, whole, sizeof whole / sizeof whole[0]);
    bool full = len > 0 && len < sizeof whole / sizeof whole[0];
    if (lima_wide_to_path(full ? whole : name, &path, NULL)) {
        char *trimmed = lima_path_join(path, "");
        free(path);
        path = trimmed;
    }
    return path;
}

static char *user(void)
{
    wchar_t name[UNLEN + 1];
    DWORD size = sizeof name / sizeof name[0];

    return GetUserNameW(name, &size) && size > 1 ? lima_wide_to_text(name, size - 1)
                                                 : lima_env_get("USERNAME");
}

static BOOL CALLBACK collect(INIT_ONCE *once, void *unused, void **context)
{
    static const DWORD streams[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    DWORD cpus = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS), mode;

    (void)once;
    (void)unused;
    (void)context;
    host.os = "windows";
    host.arch = arch();
    host.cpus = cpus > 0 ? cpus : 1;
    host.memory = memory();
    host.machine_id = or_empty(computer_name());
    host.program = or_empty(program());
    host.home = or_empty(home());
    host.temp = or_empty(temp());
    host.user = or_empty(user());
    for (int i = 0; i < 3; i++)
        host.terminal[i] = GetConsoleMode(GetStdHandle(streams[i]), &mode);
    return TRUE;
}

const lima_host *lima_host_get(void)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;

    InitOnceExecuteOnce(&once, collect, NULL, NULL);
    return &host;
}

/* The variables of Windows, not the C library's copy, which is in the code page of the system. A value that
 * is no Unicode counts as unset. */
char *lima_env_get(const char *name)
{
    wchar_t *key = NULL, *value = NULL;
    char *text = NULL;
    DWORD size = 0, len = 256;

    if (!lima_wide_from_utf8(name, &key, NULL))
        return NULL;
    SetLastError(ERROR_SUCCESS); /* an empty value gives 0 too */
    while (len >= size) {        /* another thread may set a longer one */
        size = len + 1;
        value = lima_mem_resize(value, size, sizeof *value);
        len = GetEnvironmentVariableW(key, value, size);
    }
    if (len > 0 || GetLastError() == ERROR_SUCCESS)
        lima_wide_to_utf8_len(value, len, &text, NULL);
    free(value);
    free(key);
    return text;
}

bool lima_host_free_port(uint16_t *ret_port, lima_err *err)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int len = sizeof at;

    if (!lima_win_net_start(err))
        return false;
    SOCKET sock =
        WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    bool ok = sock != INVALID_SOCKET && !bind(sock, (struct sockaddr *)&at, len)
              && !getsockname(sock, (struct sockaddr *)&at, &len);
    int failed = WSAGetLastError();
    if (sock != INVALID_SOCKET)
        closesocket(sock);
    if (!ok) {
        lima_win_fail(err, (DWORD)failed, "find a free TCP port on 127.0.0.1");
        if (err)
            err->code = LIMA_CODE_RESOURCE_EXHAUSTED;
        return false;
    }
    *ret_port = ntohs(at.sin_port);
    return true;
}
