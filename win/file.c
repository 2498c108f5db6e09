/* Looking at files, reading them whole, naming and removing them.
 *
 * A look opens the file for its attributes alone, which no other program can forbid by not sharing it, and
 * always looks at the reparse point first: a socket (and an alias of the store) cannot be opened in any other
 * way. */
#include "os/file.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "handle.h"
#include "os/shared/shared.h"
#include "private.h"
#include "wait.h"
#include "wide.h"
#include "win_err.h"

/* ---- looking ---- */

static int64_t unix_ms(FILETIME time)
{
    const int64_t to_1970_ms = INT64_C(11644473600000);
    uint64_t ticks = (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;

    return (int64_t)(ticks / 10000) - to_1970_ms;
}

/* NTFS numbers fit into 64 bits, those of ReFS do not: there both halves are mixed. */
static void set_identity(HANDLE handle, const BY_HANDLE_FILE_INFORMATION *info, lima_file_info *at)
{
    FILE_ID_INFO id;
    uint64_t half[2];

    at->device = info->dwVolumeSerialNumber;
    at->id = (uint64_t)info->nFileIndexHigh << 32 | info->nFileIndexLow;
    if (!GetFileInformationByHandleEx(handle, FileIdInfo, &id, sizeof id))
        return;
    memcpy(half, &id.FileId, sizeof half);
    at->device = id.VolumeSerialNumber;
    at->id = half[0] ^ half[1] * UINT64_C(0x9E3779B97F4A7C15);
}

static bool describe(HANDLE handle, const char *path, lima_file_info *ret, lima_err *err)
{
    BY_HANDLE_FILE_INFORMATION info;
    lima_file_info at = {.kind = lima_win_kind(handle, NULL)};

    if (!GetFileInformationByHandle(handle, &info))
        return lima_win_fail(err, GetLastError(), "'%s'", path);
    at.size = at.kind == LIMA_FILE_DIR ? 0 : (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow;
    at.mtime_ms = unix_ms(info.ftLastWriteTime);
    set_identity(handle, &info, &at);
    lima_win_access_of(handle, &at.mine, &at.others_write);
    *ret = at;
    return true;
}

/* With the right to read the owner, or without it if there is none. */
static HANDLE open_to_look(const char *path, DWORD flags, lima_err *err)
{
    lima_win_open_how how = {.access = FILE_READ_ATTRIBUTES | READ_CONTROL, .flags = flags};
    lima_err failed = {0};
    HANDLE handle = lima_win_open(path, &how, &failed);

    if (handle != INVALID_HANDLE_VALUE || failed.code != LIMA_CODE_PERMISSION_DENIED) {
        if (handle == INVALID_HANDLE_VALUE && err)
            *err = failed;
        return handle;
    }
    how.access = FILE_READ_ATTRIBUTES;
    return lima_win_open(path, &how, err);
}

/* INVALID_HANDLE_VALUE with NOT_FOUND for a link that leads nowhere, as for a missing file. */
static HANDLE open_named(const char *path, bool follow, lima_err *err)
{
    HANDLE handle = open_to_look(path, FILE_FLAG_OPEN_REPARSE_POINT, err);

    if (handle == INVALID_HANDLE_VALUE || !follow || lima_win_kind(handle, NULL) != LIMA_FILE_LINK)
        return handle;
    CloseHandle(handle);
    return open_to_look(path, 0, err);
}

bool lima_file_stat(const char *path, bool follow, lima_file_info *ret, lima_err *err)
{
    lima_err failed = {0};
    HANDLE handle = open_named(path, follow, &failed);

    if (handle == INVALID_HANDLE_VALUE && failed.code == LIMA_CODE_NOT_FOUND) {
        *ret = (lima_file_info){0};
        return true;
    }
    if (handle == INVALID_HANDLE_VALUE) {
        if (err)
            *err = failed;
        return false;
    }
    bool ok = describe(handle, path, ret, err);
    CloseHandle(handle);
    return ok;
}

/* ---- reading ---- */

typedef struct source {
    HANDLE handle;
    const char *path;
} source;

static bool read_some(void *from, char *into, size_t len, size_t *ret_len, lima_err *err)
{
    const source *at = from;
    DWORD n = 0;

    if (!ReadFile(at->handle, into, (DWORD)len, &n, NULL))
        return lima_win_fail(err, GetLastError(), "'%s'", at->path);
    *ret_len = n;
    return true;
}

bool lima_file_read(const char *path, lima_buf *into, lima_err *err)
{
    HANDLE handle = lima_win_open_regular(path, &(lima_win_open_how){.access = GENERIC_READ}, err);
    source from = {.handle = handle, .path = path};

    if (handle == INVALID_HANDLE_VALUE)
        return false;
    bool ok = lima_shared_read_all(read_some, &from, path, into, err);
    CloseHandle(handle);
    return ok;
}

/* ---- removing and renaming ---- */

static DWORD delete_patiently(HANDLE handle)
{
    lima_deadline deadline = lima_clock_in(LIMA_WIN_RETRY_MS);
    unsigned pause_ms = 1;
    DWORD failed;

    do
        failed = lima_win_delete(handle);
    while (lima_win_is_busy(failed) && lima_win_pause(&pause_ms, deadline, NULL, NULL));
    return failed;
}

bool lima_file_remove(const char *path, lima_err *err)
{
    const lima_win_open_how how = {.access = DELETE | FILE_READ_ATTRIBUTES,
                                   .flags = FILE_FLAG_OPEN_REPARSE_POINT};
    lima_err failed = {0};
    HANDLE handle = lima_win_open(path, &how, &failed);

    if (handle == INVALID_HANDLE_VALUE) {
        if (failed.code != LIMA_CODE_NOT_FOUND && err)
            *err = failed;
        return failed.code == LIMA_CODE_NOT_FOUND;
    }
    bool folder = lima_win_kind(handle, NULL) == LIMA_FILE_DIR;
    DWORD refused = folder ? 0 : delete_patiently(handle);
    CloseHandle(handle);
    if (folder)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s': a folder, not a file", path);
    return !refused || refused == ERROR_DELETE_PENDING || lima_win_fail(err, refused, "'%s': remove", path);
}

/* What cannot be opened for writing (a read-only file) or is no file has nothing of ours to flush. */
static HANDLE open_to_rename(const char *path, bool *ret_flush, lima_err *err)
{
    lima_win_open_how how = {.access = DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_DATA | SYNCHRONIZE,
                             .flags = FILE_FLAG_OPEN_REPARSE_POINT};
    HANDLE handle = lima_win_open(path, &how, NULL);

    *ret_flush = handle != INVALID_HANDLE_VALUE && lima_win_kind(handle, NULL) == LIMA_FILE_REGULAR;
    if (handle != INVALID_HANDLE_VALUE)
        return handle;
    how.access = DELETE | FILE_READ_ATTRIBUTES | SYNCHRONIZE;
    return lima_win_open(path, &how, err);
}

bool lima_file_rename(const char *from, const char *to, lima_err *err)
{
    bool flush;
    HANDLE handle = open_to_rename(from, &flush, err);

    if (handle == INVALID_HANDLE_VALUE)
        return false;
    bool ok = (!flush || FlushFileBuffers(handle) || lima_win_fail(err, GetLastError(), "'%s': flush", from))
              && lima_win_rename_patiently(handle, from, to, err);
    if (ok && flush)
        FlushFileBuffers(handle); /* the journal of the file system, with the name in it */
    CloseHandle(handle);
    return ok;
}

bool lima_file_free_space(const char *path, uint64_t *ret_bytes, lima_err *err)
{
    ULARGE_INTEGER free_bytes;
    lima_file_info at;
    wchar_t *name = NULL;

    if (!lima_file_stat(path, true, &at, err))
        return false;
    if (at.kind == LIMA_FILE_NONE)
        return lima_win_fail(err, ERROR_FILE_NOT_FOUND, "'%s'", path);
    char *dir = at.kind == LIMA_FILE_DIR ? lima_path_join(path, "") : lima_path_dir(path);
    bool ok = lima_wide_path(dir, &name, err)
              && (GetDiskFreeSpaceExW(name, &free_bytes, NULL, NULL)
                  || lima_win_fail(err, GetLastError(), "'%s'", path));
    free(name);
    free(dir);
    if (ok)
        *ret_bytes = free_bytes.QuadPart;
    return ok;
}
