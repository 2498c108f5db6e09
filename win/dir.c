/* Of the ways to list a folder this is the one that all file systems know, those of servers and of WSL too.
 */
#include "dir.h"

#include <stdlib.h>

#include "base/mem.h"
#include "handle.h"

enum { RECORDS_BYTES = 16 * 1024 }; /* some twenty of the longest names, two hundred usual ones */

static bool is_dots(const FILE_FULL_DIR_INFO *record)
{
    size_t len = record->FileNameLength / sizeof(wchar_t);

    return len <= 2 && record->FileName[0] == L'.' && record->FileName[len - 1] == L'.';
}

static DWORD read_more(lima_win_dir *dir)
{
    if (!dir->records)
        dir->records = lima_mem_zalloc(1, RECORDS_BYTES);
    if (!GetFileInformationByHandleEx(dir->handle,
                                      dir->started ? FileFullDirectoryInfo : FileFullDirectoryRestartInfo,
                                      dir->records, RECORDS_BYTES))
        return GetLastError();
    dir->started = true;
    dir->left = true;
    dir->next = 0;
    return 0;
}

DWORD lima_win_dir_next(lima_win_dir *dir, lima_win_entry *ret)
{
    for (;;) {
        DWORD failed = dir->left ? 0 : read_more(dir);
        if (failed) /* an empty root of a drive has not even dots */
            return failed == ERROR_FILE_NOT_FOUND ? ERROR_NO_MORE_FILES : failed;
        const FILE_FULL_DIR_INFO *record = (const void *)(dir->records + dir->next);
        dir->left = record->NextEntryOffset != 0;
        dir->next += record->NextEntryOffset;
        if (is_dots(record))
            continue;
        *ret = (lima_win_entry){
            .name = record->FileName,
            .len = record->FileNameLength / sizeof(wchar_t),
            .kind = lima_win_kind_of(record->FileAttributes,
                                     record->EaSize), /* holds the tag of a reparse point */
        };
        return 0;
    }
}

void lima_win_dir_rewind(lima_win_dir *dir)
{
    dir->started = dir->left = false;
}

void lima_win_dir_free(lima_win_dir *dir)
{
    if (dir->handle && dir->handle != INVALID_HANDLE_VALUE)
        CloseHandle(dir->handle);
    free(dir->records);
    *dir = (lima_win_dir){0};
}
