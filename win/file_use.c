/* A handle that shares reading only cannot be had while anybody has one that writes. */
#include "file_use.h"

#include <windows.h>

#include <stdlib.h>

#include "wide.h"
#include "win_err.h"

bool lima_file_in_use(const char *path, bool *ret, lima_err *err)
{
    wchar_t *wide;

    if (!lima_wide_path(path, &wide, err))
        return false;
    HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    DWORD failed = file == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    free(wide);
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
    if (failed && failed != ERROR_SHARING_VIOLATION && failed != ERROR_LOCK_VIOLATION)
        return lima_win_fail(err, failed, "'%s'", path);
    *ret = failed != 0;
    return true;
}
