/* Pipes to children. An anonymous pipe of Windows cannot be waited for, so this is a named one: the name
 * is random, is taken before anybody could (FIRST_PIPE_INSTANCE), admits this user alone and one instance
 * only, and that one is connected before the call returns. */
#include "stream.h"

#include <windows.h>

#include <stdlib.h>

#include "handle.h"
#include "private.h"
#include "wide.h"
#include "win_err.h"

#define PIPE_PREFIX "\\\\.\\pipe\\lima-"

enum { NAME_LETTERS = 26, PIPE_BYTES = 64 * 1024 };

static HANDLE make_ours(const wchar_t *name, bool we_write, lima_err *err)
{
    SECURITY_ATTRIBUTES security;

    if (!lima_win_private(false, &security, err))
        return INVALID_HANDLE_VALUE;
    DWORD way = we_write ? PIPE_ACCESS_OUTBOUND : PIPE_ACCESS_INBOUND;
    HANDLE made = CreateNamedPipeW(name, way | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                                   PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS, 1, PIPE_BYTES, PIPE_BYTES, 0,
                                   &security);
    if (made == INVALID_HANDLE_VALUE)
        lima_win_fail(err, GetLastError(), "make a pipe");
    return made;
}

/* Programs ask for, and set, the mode of their standard handles: hence the attributes. */
static HANDLE open_theirs(const wchar_t *name, bool they_write, lima_err *err)
{
    DWORD access = they_write ? GENERIC_WRITE | FILE_READ_ATTRIBUTES : GENERIC_READ | FILE_WRITE_ATTRIBUTES;
    HANDLE opened = CreateFileW(name, access, 0, NULL, OPEN_EXISTING,
                                SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);

    if (opened == INVALID_HANDLE_VALUE)
        lima_win_fail(err, GetLastError(), "open a pipe");
    return opened;
}

static bool connect_ends(const wchar_t *name, bool we_write, HANDLE *ret_ours, HANDLE *ret_theirs,
                         lima_err *err)
{
    HANDLE ours = make_ours(name, we_write, err);

    if (ours == INVALID_HANDLE_VALUE)
        return false;
    HANDLE theirs = open_theirs(name, !we_write, err);
    if (theirs == INVALID_HANDLE_VALUE) {
        CloseHandle(ours);
        return false;
    }
    *ret_ours = ours;
    *ret_theirs = theirs;
    return true;
}

bool lima_win_pipe(bool we_write, HANDLE *ret_ours, HANDLE *ret_theirs, lima_err *err)
{
    char name[sizeof PIPE_PREFIX + NAME_LETTERS];
    wchar_t *wide = NULL;

    if (!lima_win_random_name(PIPE_PREFIX, NAME_LETTERS, "", name, sizeof name))
        return lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED, "make a pipe: no random numbers");
    bool ok =
        lima_wide_from_utf8(name, &wide, err) && connect_ends(wide, we_write, ret_ours, ret_theirs, err);
    free(wide);
    return ok;
}
