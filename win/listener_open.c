/* A listening socket that nobody else can connect to for a single instant.
 *
 * bind makes the file with the permissions of its folder, and connecting works from listen on. So the
 * socket is bound in a fresh folder that admits this user and SYSTEM alone, which its file inherits,
 * listens, and only then is renamed into place: it appears whole or not at all, and a stale socket file
 * there is replaced in the same step. Whether this Windows still finds a socket by a new name is tried
 * out, by connecting, before that step.
 *
 * Where it does not, or where the folder makes the name too long, the socket is bound in place, and its
 * file gets the same permissions before it listens: as private, but for an instant there is a socket that
 * refuses.
 *
 * The folder (".sk-" and four letters) is kept open while it is in use, so that nobody can remove it. One
 * that can be opened for removal was left by a process that was killed in between; the next opening beside
 * it removes it, with the socket in it and never more than that. */
#include "listener.h"

#include <afunix.h>

#include <stdlib.h>

#include "base/path.h"
#include "handle.h"
#include "os/shared/shared.h"
#include "private.h"
#include "stream.h"
#include "wide.h"
#include "win_err.h"

#define FOLDER_PREFIX ".sk-"
#define BOUND_NAME "s"
#define MOVED_NAME "t"

enum { FOLDER_LETTERS = 4, FOLDER_TRIES = 100, PROBE_MS = 2000 };

typedef struct hideout {
    char *path;
    HANDLE handle; /* without FILE_SHARE_DELETE: it stays */
} hideout;

/* ---- the folder ---- */

static HANDLE open_folder(const wchar_t *path, DWORD access, DWORD share)
{
    return CreateFileW(path, access, share, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
}

/* 0 or the error. */
static DWORD make_one(const wchar_t *path, SECURITY_ATTRIBUTES *security, HANDLE *ret)
{
    if (!CreateDirectoryW(path, security))
        return GetLastError();
    *ret = open_folder(path, FILE_LIST_DIRECTORY, FILE_SHARE_READ | FILE_SHARE_WRITE);
    if (*ret != INVALID_HANDLE_VALUE)
        return 0;
    DWORD failed = GetLastError(); /* swept away by another process before we held it */
    return failed == ERROR_FILE_NOT_FOUND ? ERROR_ALREADY_EXISTS : failed;
}

static bool make_folder(const char *beside, hideout *ret, lima_err *err)
{
    SECURITY_ATTRIBUTES security;
    DWORD failed = ERROR_ALREADY_EXISTS;

    if (!lima_win_private(true, &security, err))
        return false;
    for (int i = 0; i < FOLDER_TRIES && failed == ERROR_ALREADY_EXISTS; i++) {
        char name[sizeof FOLDER_PREFIX + FOLDER_LETTERS];
        wchar_t *wide = NULL;
        if (!lima_win_random_name(FOLDER_PREFIX, FOLDER_LETTERS, "", name, sizeof name))
            return lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED, "no random numbers");
        hideout made = {.path = lima_path_join(beside, name)};
        bool ok = lima_wide_path(made.path, &wide, err);
        failed = ok ? make_one(wide, &security, &made.handle) : 0;
        free(wide);
        if (ok && !failed) {
            *ret = made;
            return true;
        }
        free(made.path);
        if (!ok)
            return false;
    }
    return lima_win_fail(err, failed, "make a private folder in '%s'", beside);
}

static void remove_in(const char *folder, const char *name)
{
    char *path = lima_path_join(folder, name);
    lima_file_info at;

    if (lima_file_stat(path, false, &at, NULL) && at.kind == LIMA_FILE_SOCKET)
        lima_file_remove(path, NULL);
    free(path);
}

/* Best effort: what cannot be opened for removal is in use, or another's, and stays. */
static void remove_folder(const char *path)
{
    wchar_t *wide;
    DWORD attributes;
    bool mine = false, others_write;

    if (!lima_wide_path(path, &wide, NULL))
        return;
    HANDLE handle = open_folder(wide, DELETE | READ_CONTROL | FILE_READ_ATTRIBUTES, 0);
    free(wide);
    if (handle == INVALID_HANDLE_VALUE)
        return;
    lima_win_access_of(handle, &mine, &others_write);
    if (mine && lima_win_kind(handle, &attributes) == LIMA_FILE_DIR) {
        remove_in(path, BOUND_NAME);
        remove_in(path, MOVED_NAME);
        lima_win_delete(handle); /* fails, as it should, when anything else is in there */
    }
    CloseHandle(handle);
}

static void drop_folder(hideout *folder)
{
    CloseHandle(folder->handle);
    remove_folder(folder->path);
    free(folder->path);
}

/* ---- the socket ---- */

static bool bind_to(SOCKET socket, const char *path, lima_err *err)
{
    struct sockaddr_un at;

    return lima_win_address(path, &at, err)
           && (!bind(socket, (const struct sockaddr *)&at, sizeof at)
               || lima_win_fail(err, (DWORD)WSAGetLastError(), "bind '%s'", path));
}

static bool start_listening(SOCKET socket, lima_err *err)
{
    return !listen(socket, SOMAXCONN) || lima_win_fail(err, (DWORD)WSAGetLastError(), "listen");
}

static bool move(const char *from, const char *to, lima_err *err)
{
    wchar_t *wide_from = NULL, *wide_to = NULL;
    bool ok = lima_wide_path(from, &wide_from, err) && lima_wide_path(to, &wide_to, err)
              && (MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING)
                  || lima_win_fail(err, GetLastError(), "rename '%s'", from));

    free(wide_from);
    free(wide_to);
    return ok;
}

static bool can_be_reached(const char *path)
{
    lima_stream *probe;

    if (!lima_stream_connect(path, lima_clock_in(PROBE_MS), &probe, NULL))
        return false;
    lima_stream_close(probe);
    return true;
}

/* Makes the socket listen in the folder, moves it once, and finds it there: then it can be moved again. */
static bool listen_hidden(SOCKET socket, const char *folder, const char *path, lima_file_info *ret_file)
{
    char *bound = lima_path_join(folder, BOUND_NAME), *moved = lima_path_join(folder, MOVED_NAME);
    bool ok = bind_to(socket, bound, NULL) && start_listening(socket, NULL) && move(bound, moved, NULL)
              && can_be_reached(moved) && lima_file_stat(moved, false, ret_file, NULL)
              && move(moved, path, NULL);

    free(bound);
    free(moved);
    return ok;
}

/* What the folder gives to its files may be private enough. */
static bool is_private(const char *path)
{
    lima_file_info at;

    return lima_file_stat(path, false, &at, NULL) && at.mine && !at.others_write;
}

static bool make_private(const char *path, lima_err *err)
{
    SECURITY_ATTRIBUTES security;
    lima_win_open_how how = {.access = WRITE_DAC | READ_CONTROL, .flags = FILE_FLAG_OPEN_REPARSE_POINT};

    if (!lima_win_private(false, &security, err))
        return false;
    HANDLE handle = lima_win_open(path, &how, err);
    if (handle == INVALID_HANDLE_VALUE)
        return false;
    bool ok = SetKernelObjectSecurity(handle, DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
                                      security.lpSecurityDescriptor)
              || lima_win_fail(err, GetLastError(), "'%s': permissions", path);
    CloseHandle(handle);
    return ok;
}

static bool listen_in_place(SOCKET socket, const char *path, lima_file_info *ret_file, lima_err *err)
{
    if (!lima_file_remove(path, err) || !bind_to(socket, path, err))
        return false;
    if ((is_private(path) || make_private(path, err)) && start_listening(socket, err)
        && lima_file_stat(path, false, ret_file, err))
        return true;
    lima_file_remove(path, NULL);
    return false;
}

static SOCKET listen_with(const hideout *folder, const char *path, lima_file_info *ret_file, lima_err *err)
{
    SOCKET socket = lima_win_socket(AF_UNIX, 0, err);

    if (socket == INVALID_SOCKET || listen_hidden(socket, folder->path, path, ret_file))
        return socket;
    closesocket(socket);
    socket = lima_win_socket(AF_UNIX, 0, err);
    if (socket == INVALID_SOCKET || listen_in_place(socket, path, ret_file, err))
        return socket;
    closesocket(socket);
    return INVALID_SOCKET;
}

static SOCKET listen_in(const char *dir, const char *path, lima_file_info *ret_file, lima_err *err)
{
    hideout folder = {0};

    if (!make_folder(dir, &folder, err))
        return INVALID_SOCKET;
    SOCKET socket = listen_with(&folder, path, ret_file, err);
    drop_folder(&folder);
    return socket;
}

SOCKET lima_win_listen_at(const char *path, lima_file_info *ret_file, lima_err *err)
{
    struct sockaddr_un at;

    if (!lima_win_address(path, &at, err) || !lima_shared_check_place(path, err))
        return INVALID_SOCKET;
    char *dir = lima_path_dir(path);
    lima_shared_sweep(dir, FOLDER_PREFIX, FOLDER_LETTERS, remove_folder);
    SOCKET socket = listen_in(dir, path, ret_file, err);
    if (socket == INVALID_SOCKET)
        lima_err_wrap(err, "socket '%s'", path);
    free(dir);
    return socket;
}
