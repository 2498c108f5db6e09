/* Real paths, and programs on PATH.
 *
 * A program is a file that ends in ".exe", and nothing else whatever PATHEXT says: scripts would need a
 * shell. The current folder is not searched, nor are relative folders of PATH: what lies there is not the
 * user's choice. Aliases of the store ("app execution aliases", as of wsl.exe) are programs too, although
 * they cannot be opened. */
#include "os/file.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "handle.h"
#include "os/host.h"
#include "wide.h"
#include "win_err.h"

/* ---- real paths ---- */

/* Sockets and aliases cannot be followed, and need not be. */
static HANDLE open_to_name(const char *path, lima_err *err)
{
    lima_win_open_how how = {.access = FILE_READ_ATTRIBUTES};
    lima_err failed = {0};
    HANDLE handle = lima_win_open(path, &how, &failed);

    if (handle == INVALID_HANDLE_VALUE && failed.os_code == ERROR_CANT_ACCESS_FILE) {
        how.flags = FILE_FLAG_OPEN_REPARSE_POINT;
        handle = lima_win_open(path, &how, &failed);
        if (handle != INVALID_HANDLE_VALUE && lima_win_kind(handle, NULL) == LIMA_FILE_LINK) {
            CloseHandle(handle);
            handle = INVALID_HANDLE_VALUE;
            lima_win_fail(&failed, ERROR_CANT_ACCESS_FILE, "'%s'", path);
        }
    }
    if (handle == INVALID_HANDLE_VALUE && err)
        *err = failed;
    return handle;
}

bool lima_file_real_path(const char *path, char **ret, lima_err *err)
{
    HANDLE handle = open_to_name(path, err);
    DWORD size = 512, len = 0;
    wchar_t *name = NULL;

    if (handle == INVALID_HANDLE_VALUE)
        return false;
    do {
        size = len >= size ? len + 1 : size;
        name = lima_mem_resize(name, size, sizeof *name);
        len = GetFinalPathNameByHandleW(handle, name, size, FILE_NAME_NORMALIZED | VOLUME_NAME_DOS);
    } while (len >= size);
    bool ok = len > 0 ? lima_wide_to_path(name, ret, err) : lima_win_fail(err, GetLastError(), "'%s'", path);
    free(name);
    CloseHandle(handle);
    return ok;
}

/* ---- programs ---- */

static bool is_alias(const char *path)
{
    WIN32_FIND_DATAW found;
    wchar_t *name = NULL;

    if (!lima_wide_path(path, &name, NULL))
        return false;
    HANDLE search = FindFirstFileW(name, &found);
    free(name);
    if (search == INVALID_HANDLE_VALUE)
        return false;
    FindClose(search);
    return (found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
           && found.dwReserved0 == (DWORD)IO_REPARSE_TAG_APPEXECLINK;
}

static bool is_program(const char *path, lima_err *err)
{
    lima_file_info at;

    if (is_alias(path))
        return true;
    if (!lima_file_stat(path, true, &at, err))
        return false;
    if (at.kind == LIMA_FILE_NONE)
        return lima_win_fail(err, ERROR_FILE_NOT_FOUND, "'%s'", path);
    return at.kind == LIMA_FILE_REGULAR
           || lima_err_set(err, LIMA_CODE_PERMISSION_DENIED, "'%s': not a program", path);
}

static char *with_suffix(const char *name)
{
    size_t len = strlen(name);

    return lima_mem_printf("%s%s", name, len > 4 && lima_str_eq_nocase(name + len - 4, ".exe") ? "" : ".exe");
}

/* Fields of PATH may stand in quotes. */
static char *unquoted(const char *field)
{
    size_t len = strlen(field);

    if (len >= 2 && field[0] == '"' && field[len - 1] == '"')
        return lima_mem_strndup(field + 1, len - 2);
    return lima_mem_strdup(field);
}

static char *search(const char *file)
{
    char *path = lima_env_get("PATH"), *found = NULL;
    lima_strv dirs = {0};

    lima_str_split(path ? path : "", ';', &dirs);
    for (size_t i = 0; !found && i < dirs.len; i++) {
        char *dir = unquoted(dirs.items[i]);
        char *candidate = lima_path_join(dir, file);
        if (lima_path_is_absolute(dir) && is_program(candidate, NULL))
            found = lima_mem_strdup(candidate);
        free(candidate);
        free(dir);
    }
    lima_strv_free(&dirs);
    free(path);
    return found;
}

/* Absolute, but links stay: many programs look at the name under which they were started. */
static bool by_path(const char *file, char **ret, lima_err *err)
{
    wchar_t *name = NULL;
    bool ok =
        is_program(file, err) && lima_wide_path_plain(file, &name, err) && lima_wide_to_utf8(name, ret, err);

    free(name);
    return ok;
}

bool lima_file_find_program(const char *name, char **ret, lima_err *err)
{
    if (lima_str_empty(name))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "a program without a name");
    char *file = with_suffix(name);
    bool is_path = strpbrk(name, "\\/:") != NULL;
    char *found = is_path ? NULL : search(file);
    bool ok = found || (is_path && by_path(file, &found, err));

    free(file);
    if (ok)
        *ret = found;
    else if (!is_path)
        lima_err_set(err, LIMA_CODE_NOT_FOUND, "'%s': no such program on PATH", name);
    return ok;
}
