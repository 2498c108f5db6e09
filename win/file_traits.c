/* A volume that tells no name is no failure: the attributes are what counts. */
#include "file_traits.h"

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>

#include "wide.h"
#include "win_err.h"

enum { NAME_UNITS = 31 };

static void look_at_volume(const wchar_t *path, lima_file_traits *into)
{
    wchar_t root[MAX_PATH + 1], name[NAME_UNITS + 1];
    char *text = NULL;

    if (!GetVolumePathNameW(path, root, MAX_PATH))
        return;
    into->remote = GetDriveTypeW(root) == DRIVE_REMOTE;
    if (GetVolumeInformationW(root, NULL, 0, NULL, NULL, NULL, name, NAME_UNITS)
        && lima_wide_to_utf8(name, &text, NULL))
        snprintf(into->file_system, sizeof into->file_system, "%s", text);
    free(text);
}

bool lima_file_traits_get(const char *path, lima_file_traits *ret, lima_err *err)
{
    lima_file_traits found = {0};
    wchar_t *wide;

    if (!lima_wide_path(path, &wide, err))
        return false;
    DWORD has = GetFileAttributesW(wide);
    if (has == INVALID_FILE_ATTRIBUTES) {
        DWORD failed = GetLastError();
        free(wide);
        return lima_win_fail(err, failed, "'%s'", path);
    }
    found.folder = has & FILE_ATTRIBUTE_DIRECTORY;
    bool file = !found.folder;
    found.compressed = has & FILE_ATTRIBUTE_COMPRESSED;
    found.encrypted = has & FILE_ATTRIBUTE_ENCRYPTED;
    found.sparse = file && (has & FILE_ATTRIBUTE_SPARSE_FILE);
    found.read_only = file && (has & FILE_ATTRIBUTE_READONLY);
    look_at_volume(wide, &found);
    free(wide);
    *ret = found;
    return true;
}
