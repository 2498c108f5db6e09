/* Opening, naming and deleting by handle.
 *
 * Since Windows 10 a rename may replace a file that others have open, and a deleted name goes at once ("POSIX
 * semantics"), as long as those others share deletion, as everything here does. NTFS can do it; elsewhere the
 * older calls do what they can, and the caller tries again for a while. */
#include "handle.h"

#include <ntsecapi.h>
#include <ntstatus.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/mem.h"
#include "wait.h"
#include "wide.h"
#include "win_err.h"

NTSTATUS NTAPI RtlGetLastNtStatus(void); /* of ntdll; no header has it */

/* Laid out as FILE_RENAME_INFO, which not every MinGW-w64 declares with flags. */
typedef struct rename_info {
    DWORD flags;
    HANDLE root;
    DWORD name_bytes;
    wchar_t name[1];
} rename_info;

/* Numbers of Windows 10; MinGW-w64 declares them for some versions of it only. */
#define INFO_DISPOSITION_EX ((FILE_INFO_BY_HANDLE_CLASS)21)
#define INFO_RENAME_EX ((FILE_INFO_BY_HANDLE_CLASS)22)

enum {
    RENAME_REPLACE = 1,
    RENAME_POSIX = 2,
    RENAME_IGNORE_READONLY = 0x40,
};

DWORD lima_win_last_error(void)
{
    DWORD failed = GetLastError();

    return failed == ERROR_ACCESS_DENIED && RtlGetLastNtStatus() == STATUS_DELETE_PENDING
               ? ERROR_DELETE_PENDING
               : failed;
}

/* A name that is about to go is as good as gone, unless it is to be given to a new file. */
static bool may_pass(DWORD failed, DWORD disposition)
{
    return lima_win_is_busy(failed) || (failed == ERROR_DELETE_PENDING && disposition);
}

HANDLE lima_win_open(const char *path, const lima_win_open_how *how, lima_err *err)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    lima_deadline deadline = lima_clock_in(LIMA_WIN_RETRY_MS);
    unsigned pause_ms = 1;
    HANDLE handle;
    DWORD failed = 0;
    wchar_t *name = NULL;

    if (!lima_wide_path(path, &name, err))
        return INVALID_HANDLE_VALUE;
    do {
        handle = CreateFileW(name, how->access, share, how->security,
                             how->disposition ? how->disposition : OPEN_EXISTING,
                             how->flags | FILE_FLAG_BACKUP_SEMANTICS, NULL);
        failed = handle == INVALID_HANDLE_VALUE ? lima_win_last_error() : 0;
    } while (may_pass(failed, how->disposition) && lima_win_pause(&pause_ms, deadline, NULL, NULL));
    free(name);
    if (failed)
        lima_win_fail(err, failed, "'%s'", path);
    return handle;
}

lima_file_kind lima_win_kind_of(DWORD attributes, DWORD tag)
{
    if (attributes & FILE_ATTRIBUTE_REPARSE_POINT) {
        if (tag == (DWORD)IO_REPARSE_TAG_AF_UNIX)
            return LIMA_FILE_SOCKET;
        if (IsReparseTagNameSurrogate(tag)) /* links of all kinds, junctions, mounted volumes */
            return LIMA_FILE_LINK;
        if (tag == (DWORD)IO_REPARSE_TAG_APPEXECLINK)
            return LIMA_FILE_OTHER;
    } /* the rest are files and folders that are stored elsewhere, compressed, … */
    if (attributes & FILE_ATTRIBUTE_DIRECTORY)
        return LIMA_FILE_DIR;
    return attributes & FILE_ATTRIBUTE_DEVICE ? LIMA_FILE_OTHER : LIMA_FILE_REGULAR;
}

lima_file_kind lima_win_kind(HANDLE handle, DWORD *ret_attributes)
{
    FILE_ATTRIBUTE_TAG_INFO info = {0};

    if (GetFileType(handle) != FILE_TYPE_DISK
        || !GetFileInformationByHandleEx(handle, FileAttributeTagInfo, &info, sizeof info))
        return LIMA_FILE_OTHER;
    if (ret_attributes)
        *ret_attributes = info.FileAttributes;
    return lima_win_kind_of(info.FileAttributes, info.ReparseTag);
}

HANDLE lima_win_open_regular(const char *path, const lima_win_open_how *how, lima_err *err)
{
    lima_err failed = {0};
    HANDLE handle = lima_win_open(path, how, &failed);

    if (handle != INVALID_HANDLE_VALUE && lima_win_kind(handle, NULL) == LIMA_FILE_REGULAR)
        return handle;
    if (handle != INVALID_HANDLE_VALUE || failed.os_code == ERROR_CANT_ACCESS_FILE) /* a socket */
        lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s': not a regular file", path);
    else if (err)
        *err = failed;
    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    return INVALID_HANDLE_VALUE;
}

/* For file systems that do not delete what is read-only, whoever asks. */
static void make_writable(HANDLE handle)
{
    FILE_BASIC_INFO info = {.FileAttributes = FILE_ATTRIBUTE_NORMAL};
    HANDLE again =
        ReOpenFile(handle, FILE_WRITE_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                   FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT);

    if (again == INVALID_HANDLE_VALUE)
        return;
    SetFileInformationByHandle(again, FileBasicInfo, &info, sizeof info);
    CloseHandle(again);
}

DWORD lima_win_delete(HANDLE handle)
{
    FILE_DISPOSITION_INFO_EX modern = {.Flags = FILE_DISPOSITION_FLAG_DELETE
                                                | FILE_DISPOSITION_FLAG_POSIX_SEMANTICS
                                                | FILE_DISPOSITION_FLAG_IGNORE_READONLY_ATTRIBUTE};
    FILE_DISPOSITION_INFO old = {.DeleteFile = TRUE};
    FILE_ATTRIBUTE_TAG_INFO info = {0};

    if (SetFileInformationByHandle(handle, INFO_DISPOSITION_EX, &modern, sizeof modern))
        return 0;
    if (GetLastError() == ERROR_DIR_NOT_EMPTY)
        return ERROR_DIR_NOT_EMPTY;
    if (GetFileInformationByHandleEx(handle, FileAttributeTagInfo, &info, sizeof info)
        && (info.FileAttributes & FILE_ATTRIBUTE_READONLY))
        make_writable(handle);
    return SetFileInformationByHandle(handle, FileDispositionInfo, &old, sizeof old) ? 0 : GetLastError();
}

DWORD lima_win_rename(HANDLE handle, const wchar_t *to)
{
    size_t name_bytes = wcslen(to) * sizeof *to;
    DWORD size = (DWORD)(sizeof(rename_info) + name_bytes);
    rename_info *info = lima_mem_zalloc(1, size);

    info->flags = RENAME_REPLACE | RENAME_POSIX | RENAME_IGNORE_READONLY;
    info->name_bytes = (DWORD)name_bytes;
    memcpy(info->name, to, name_bytes);
    bool ok = SetFileInformationByHandle(handle, INFO_RENAME_EX, info, size);
    if (!ok) {
        info->flags = RENAME_REPLACE;
        ok = SetFileInformationByHandle(handle, FileRenameInfo, info, size);
    }
    DWORD failed = ok ? 0 : GetLastError();
    free(info);
    return failed;
}

static bool is_dir(const char *path)
{
    lima_file_info at;

    return lima_file_stat(path, false, &at, NULL) && at.kind == LIMA_FILE_DIR;
}

bool lima_win_rename_patiently(HANDLE handle, const char *from, const char *to, lima_err *err)
{
    lima_deadline deadline = lima_clock_in(LIMA_WIN_RETRY_MS);
    unsigned pause_ms = 1;
    wchar_t *name = NULL;
    DWORD failed;

    if (!lima_wide_path(to, &name, err))
        return false;
    do /* a file in use that may not be replaced now looks like one that may not be replaced at all */
        failed = lima_win_rename(handle, name);
    while ((lima_win_is_busy(failed) || failed == ERROR_ACCESS_DENIED) && !is_dir(to)
           && lima_win_pause(&pause_ms, deadline, NULL, NULL));
    free(name);
    if (failed && is_dir(to))
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "'%s': a folder has this name", to);
    return !failed || lima_win_fail(err, failed, "'%s': rename to '%s'", from, to);
}

bool lima_win_random_name(const char *prefix, size_t letters, const char *suffix, char *into, size_t size)
{
    static const char alphabet[] =
        "abcdefghijklmnopqrstuvwxyz234567"; /* 32, so that every letter is as likely */
    unsigned char random[16];
    char middle[sizeof random + 1] = "";

    if (!RtlGenRandom(random, sizeof random))
        return false;
    for (size_t i = 0; i < letters && i < sizeof random; i++)
        middle[i] = alphabet[random[i] % 32];
    snprintf(into, size, "%s%s%s", prefix, middle, suffix);
    return true;
}
