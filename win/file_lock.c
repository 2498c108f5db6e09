/* Locks on a file that stays. Windows locks ranges of bytes and means it: so one byte far behind any content
 * is locked, and everybody can still read the file. A held lock is tried again after pauses that grow to
 * LIMA_WIN_PAUSE_MAX. After taking it the name is looked at once more: a lock on a file that was removed or
 * renamed meanwhile excludes nobody. */
#include "os/file.h"

#include <stdlib.h>

#include "base/mem.h"
#include "handle.h"
#include "private.h"
#include "wait.h"
#include "win_err.h"

struct lima_file_lock {
    HANDLE handle;
};

typedef enum attempt { TAKEN, HELD, REPLACED, FAILED } attempt;

static OVERLAPPED lock_offset(void)
{
    return (OVERLAPPED){.Offset = 0xFFFFFFFE, .OffsetHigh = 0x7FFFFFFF};
}

static HANDLE open_lock(const char *path, lima_err *err)
{
    SECURITY_ATTRIBUTES only_mine;
    lima_win_open_how how = {.access = GENERIC_READ | GENERIC_WRITE,
                             .disposition = OPEN_ALWAYS,
                             .flags = FILE_FLAG_OPEN_REPARSE_POINT,
                             .security = &only_mine};

    if (!lima_win_private(false, &only_mine, err))
        return INVALID_HANDLE_VALUE;
    HANDLE handle = lima_win_open(path, &how, err);
    lima_file_kind kind = handle == INVALID_HANDLE_VALUE ? LIMA_FILE_NONE : lima_win_kind(handle, NULL);
    if (kind == LIMA_FILE_REGULAR || kind == LIMA_FILE_NONE)
        return handle;
    if (kind == LIMA_FILE_LINK)
        lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "'%s': a link, not a lock file", path);
    else
        lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s': not a regular file", path);
    CloseHandle(handle);
    return INVALID_HANDLE_VALUE;
}

static bool same_file(HANDLE handle, HANDLE named)
{
    BY_HANDLE_FILE_INFORMATION own, other;

    return GetFileInformationByHandle(handle, &own) && GetFileInformationByHandle(named, &other)
           && own.dwVolumeSerialNumber == other.dwVolumeSerialNumber
           && own.nFileIndexHigh == other.nFileIndexHigh && own.nFileIndexLow == other.nFileIndexLow;
}

static bool still_named(HANDLE handle, const char *path)
{
    const lima_win_open_how how = {.access = FILE_READ_ATTRIBUTES, .flags = FILE_FLAG_OPEN_REPARSE_POINT};
    HANDLE named = lima_win_open(path, &how, NULL);
    bool same = named != INVALID_HANDLE_VALUE && same_file(handle, named);

    if (named != INVALID_HANDLE_VALUE)
        CloseHandle(named);
    return same;
}

static attempt try_lock(const char *path, HANDLE *ret_handle, lima_err *err)
{
    OVERLAPPED at = lock_offset();
    HANDLE handle = open_lock(path, err);
    attempt result = TAKEN;

    if (handle == INVALID_HANDLE_VALUE)
        return FAILED;
    if (!LockFileEx(handle, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)) {
        DWORD failed = GetLastError();
        result = failed == ERROR_LOCK_VIOLATION || failed == ERROR_IO_PENDING ? HELD : FAILED;
        if (result == FAILED)
            lima_win_fail(err, failed, "'%s': lock", path);
    } else if (!still_named(handle, path)) {
        result = REPLACED;
    }
    if (result == TAKEN)
        *ret_handle = handle;
    else
        CloseHandle(handle);
    return result;
}

bool lima_file_lock_take(const char *path, lima_deadline deadline, lima_file_lock **ret, lima_err *err)
{
    unsigned pause_ms = 1;
    attempt result;
    HANDLE handle = NULL;

    do
        result = try_lock(path, &handle, err);
    while ((result == HELD || result == REPLACED) && lima_win_pause(&pause_ms, deadline, NULL, NULL));
    if (result == HELD || result == REPLACED)
        return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "'%s': locked by another process", path);
    if (result != TAKEN)
        return false;
    *ret = lima_mem_zalloc(1, sizeof **ret);
    (*ret)->handle = handle;
    return true;
}

void lima_file_lock_release(lima_file_lock *lock)
{
    if (!lock)
        return;
    OVERLAPPED at = lock_offset();
    UnlockFileEx(lock->handle, 0, 1, 0, &at); /* closing alone would unlock some time later */
    CloseHandle(lock->handle);
    free(lock);
}
