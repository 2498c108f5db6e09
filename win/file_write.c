/* Replacing a file whole: a temporary file beside it, flushed, renamed over it by its handle, and flushed
 * again, which takes the new name to the disk with it.
 *
 * Not ReplaceFileW: that gives the new file the rights and streams of the old one, while here `access` says
 * what they are, and it cannot replace a file that others read. The temporary name (".lima-….tmp") is random
 * and must not exist, so that two writers do not meet and nothing planted there is followed. A process killed
 * in between leaves it behind; it never bears the final name. A symbolic link at `path` is replaced and not
 * written through. */
#include "os/file.h"

#include <stdlib.h>

#include "base/path.h"
#include "handle.h"
#include "private.h"
#include "win_err.h"

enum { NAME_TRIES = 100, WRITE_MAX = 1 << 30 };

/* Opens a new file beside `path`. */
static HANDLE open_temp(const char *path, SECURITY_ATTRIBUTES *security, lima_err *err)
{
    const lima_win_open_how how = {.access = GENERIC_WRITE | DELETE | FILE_READ_ATTRIBUTES,
                                   .disposition = CREATE_NEW,
                                   .flags = FILE_FLAG_OPEN_REPARSE_POINT,
                                   .security = security};
    char *dir = lima_path_dir(path);
    HANDLE handle = INVALID_HANDLE_VALUE;
    lima_err failed = {0};
    bool again = true;

    for (int i = 0; again && i < NAME_TRIES; i++) {
        char name[32];
        again = lima_win_random_name(".lima-", 12, ".tmp", name, sizeof name);
        if (!again) {
            lima_err_set(&failed, LIMA_CODE_UNKNOWN, "no random numbers from Windows");
            break;
        }
        char *temp = lima_path_join(dir, name);
        handle = lima_win_open(temp, &how, &failed);
        free(temp);
        again = handle == INVALID_HANDLE_VALUE && failed.code == LIMA_CODE_ALREADY_EXISTS;
    }
    if (handle == INVALID_HANDLE_VALUE) {
        lima_err_wrap(&failed, "'%s': temporary file beside it", path);
        if (err)
            *err = failed;
    }
    free(dir);
    return handle;
}

static bool write_all(HANDLE handle, const char *path, const char *bytes, size_t len, lima_err *err)
{
    while (len > 0) {
        DWORD n = 0;
        if (!WriteFile(handle, bytes, len < WRITE_MAX ? (DWORD)len : WRITE_MAX, &n, NULL))
            return lima_win_fail(err, GetLastError(), "'%s': write", path);
        bytes += n;
        len -= n;
    }
    return true;
}

bool lima_file_write(const char *path, const void *bytes, size_t len, lima_file_access access, lima_err *err)
{
    SECURITY_ATTRIBUTES only_mine = {0};

    if (access == LIMA_FILE_PRIVATE && !lima_win_private(false, &only_mine, err))
        return false;
    HANDLE handle = open_temp(path, access == LIMA_FILE_PRIVATE ? &only_mine : NULL, err);
    if (handle == INVALID_HANDLE_VALUE)
        return false;
    bool ok = write_all(handle, path, bytes, len, err)
              && (FlushFileBuffers(handle) || lima_win_fail(err, GetLastError(), "'%s': flush", path))
              && lima_win_rename_patiently(handle, path, path, err);
    if (ok)
        FlushFileBuffers(handle);
    else
        lima_win_delete(handle);
    CloseHandle(handle);
    return ok;
}
