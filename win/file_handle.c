/* Random access: each call brings its offset in an OVERLAPPED, so there is no position that threads could
 * disturb. The handle is a synchronous one: calls of several threads follow each other. */
#include "os/file.h"

#include <windows.h>
#include <winioctl.h>

#include <stdlib.h>

#include "base/mem.h"
#include "handle.h"
#include "os/shared/shared.h"
#include "private.h"
#include "win_err.h"

enum { CHUNK_MAX = 1 << 30 };

struct lima_file {
    HANDLE handle;
    char *path;
};

bool lima_file_open(const char *path, lima_file_mode mode, lima_file **ret, lima_err *err)
{
    SECURITY_ATTRIBUTES only_mine;
    lima_win_open_how how = {.access = mode == LIMA_FILE_READ ? GENERIC_READ : GENERIC_READ | GENERIC_WRITE};

    if (mode == LIMA_FILE_CREATE) {
        if (!lima_win_private(false, &only_mine, err))
            return false;
        how.disposition = CREATE_NEW;
        how.flags = FILE_FLAG_OPEN_REPARSE_POINT;
        how.security = &only_mine;
    }
    HANDLE handle = lima_win_open_regular(path, &how, err);
    if (handle == INVALID_HANDLE_VALUE)
        return false;
    *ret = lima_mem_zalloc(1, sizeof **ret);
    **ret = (lima_file){.handle = handle, .path = lima_mem_strdup(path)};
    return true;
}

static DWORD chunk(size_t len)
{
    return len < CHUNK_MAX ? (DWORD)len : CHUNK_MAX;
}

static OVERLAPPED at_offset(uint64_t offset)
{
    return (OVERLAPPED){.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
}

bool lima_file_read_at(lima_file *file, uint64_t offset, void *into, size_t len, size_t *ret_len,
                       lima_err *err)
{
    size_t done = 0;

    if (!lima_shared_check_range(file->path, offset, len, err))
        return false;
    while (done < len) {
        OVERLAPPED at = at_offset(offset + done);
        DWORD n = 0;
        if (!ReadFile(file->handle, (char *)into + done, chunk(len - done), &n, &at)
            && GetLastError() != ERROR_HANDLE_EOF)
            return lima_win_fail(err, GetLastError(), "'%s': read", file->path);
        if (n == 0)
            break;
        done += n;
    }
    *ret_len = done;
    return true;
}

/* One range is asked for; ERROR_MORE_DATA tells that there are others behind it. */
static bool allocated(const lima_file *file, uint64_t offset, uint64_t size, FILE_ALLOCATED_RANGE_BUFFER *ret,
                      bool *ret_any)
{
    FILE_ALLOCATED_RANGE_BUFFER within = {.FileOffset.QuadPart = (LONGLONG)offset,
                                          .Length.QuadPart = (LONGLONG)(size - offset)};
    DWORD got = 0;
    bool told = DeviceIoControl(file->handle, FSCTL_QUERY_ALLOCATED_RANGES, &within, sizeof within, ret,
                                sizeof *ret, &got, NULL)
                || GetLastError() == ERROR_MORE_DATA;

    *ret_any = got == sizeof *ret;
    return told;
}

bool lima_file_next_data(lima_file *file, uint64_t offset, uint64_t *ret_begin, uint64_t *ret_end,
                         lima_err *err)
{
    FILE_ALLOCATED_RANGE_BUFFER range;
    LARGE_INTEGER size;
    bool any;

    if (!lima_shared_check_range(file->path, offset, 0, err))
        return false;
    if (!GetFileSizeEx(file->handle, &size))
        return lima_win_fail(err, GetLastError(), "'%s': look at", file->path);
    *ret_begin = offset;
    *ret_end = (uint64_t)size.QuadPart;
    if (!allocated(file, offset, *ret_end, &range, &any))
        return true;
    uint64_t begin = any ? (uint64_t)range.FileOffset.QuadPart : *ret_end;
    uint64_t end = any ? begin + (uint64_t)range.Length.QuadPart : *ret_end;
    *ret_begin = begin > offset ? begin : offset;
    *ret_end = end < *ret_end ? end : *ret_end;
    return true;
}

bool lima_file_write_at(lima_file *file, uint64_t offset, const void *bytes, size_t len, lima_err *err)
{
    size_t done = 0;

    if (!lima_shared_check_range(file->path, offset, len, err))
        return false;
    while (done < len) {
        OVERLAPPED at = at_offset(offset + done);
        DWORD n = 0;
        if (!WriteFile(file->handle, (const char *)bytes + done, chunk(len - done), &n, &at))
            return lima_win_fail(err, GetLastError(), "'%s': write", file->path);
        done += n;
    }
    return true;
}

/* Only what grows becomes sparse: Hyper-V attaches no VHDX that is, and one that is written from end to end
 * never comes here. Where the file system has no holes the growth costs its space. */
static void allow_holes(lima_file *file, uint64_t size)
{
    LARGE_INTEGER now;
    DWORD none;

    if (GetFileSizeEx(file->handle, &now) && size > (uint64_t)now.QuadPart)
        DeviceIoControl(file->handle, FSCTL_SET_SPARSE, NULL, 0, NULL, 0, &none, NULL);
}

bool lima_file_resize(lima_file *file, uint64_t size, lima_err *err)
{
    FILE_END_OF_FILE_INFO end;

    if (!lima_shared_check_range(file->path, size, 0, err))
        return false;
    allow_holes(file, size);
    end.EndOfFile.QuadPart = (LONGLONG)size;
    return SetFileInformationByHandle(file->handle, FileEndOfFileInfo, &end, sizeof end)
           || lima_win_fail(err, GetLastError(), "'%s': resize", file->path);
}

void lima_file_close(lima_file *file)
{
    if (!file)
        return;
    CloseHandle(file->handle);
    free(file->path);
    free(file);
}
