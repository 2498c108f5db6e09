/* Letting go of the file behind standard errors. limactl opens driver.stderr.log for us and removes the
 * instance folder while we may still be there; Windows does not remove what anybody has open. So the file
 * is opened for each line of the log instead, sharing everything, and never made anew: when it is gone,
 * the log ends. What others print to standard errors, a failed assertion for one, is lost from then on. */
#include "child.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

static wchar_t *log_path; /* lives as long as the process */

static void append(void *unused, const char *line, size_t len)
{
    HANDLE file = CreateFileW(log_path, FILE_APPEND_DATA | SYNCHRONIZE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                              FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    DWORD written;

    (void)unused;
    if (file == INVALID_HANDLE_VALUE)
        return;
    WriteFile(file, line, (DWORD)len, &written, NULL);
    CloseHandle(file);
}

/* Owned; NULL: no file, or Windows does not tell its name. */
static wchar_t *path_of(HANDLE file)
{
    wchar_t *path = NULL;
    DWORD size = 0, len = MAX_PATH;

    if (GetFileType(file) != FILE_TYPE_DISK)
        return NULL;
    while (len >= size) {
        size = len + 1;
        path = lima_mem_resize(path, size, sizeof *path);
        len = GetFinalPathNameByHandleW(file, path, size, FILE_NAME_NORMALIZED | VOLUME_NAME_DOS);
    }
    if (len == 0) {
        free(path);
        return NULL;
    }
    return path;
}

void lima_win_release_stderr(void)
{
    wchar_t *path = path_of((HANDLE)_get_osfhandle(2));
    int nothing = path ? _open("NUL", _O_WRONLY | _O_BINARY | _O_NOINHERIT) : -1;

    if (nothing < 0 || log_path) {
        free(path);
        return;
    }
    fflush(stderr);
    log_path = path;
    lima_log_set_sink(append, NULL);
    _dup2(nothing, 2);
    if (nothing > 2)
        _close(nothing);
    SetStdHandle(STD_ERROR_HANDLE, (HANDLE)_get_osfhandle(2));
}
