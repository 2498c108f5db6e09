/* Symbolic links. Windows wants to know whether they lead to a folder, and lets users make them only in
 * developer mode (since 1703) or with a privilege; some file systems have none. */
#include "os/file.h"

#include <windows.h>

#include <stdlib.h>

#include "base/mem.h"
#include "base/path.h"
#include "wide.h"
#include "win_err.h"

enum {
    LINK_TO_DIR = 1,
    LINK_UNPRIVILEGED = 2, /* developer mode; older Windows takes it for a mistake */
};

/* A relative target begins at the folder of the link. */
static bool leads_to_dir(const char *path, const char *target)
{
    char *dir = lima_path_dir(path), *place = lima_path_join(dir, target);
    lima_file_info at;
    bool is = lima_file_stat(place, true, &at, NULL) && at.kind == LIMA_FILE_DIR;

    free(place);
    free(dir);
    return is;
}

/* As it is to stand in the link: checked if absolute, else with backslashes. */
static bool wide_target(const char *target, wchar_t **ret, lima_err *err)
{
    if (lima_path_is_absolute(target))
        return lima_wide_path_plain(target, ret, err);
    char *text = lima_mem_strdup(target);
    for (char *at = text; *at; at++)
        if (*at == '/')
            *at = '\\';
    bool ok = lima_wide_from_utf8(text, ret, err);
    free(text);
    return ok;
}

/* 0 or the error. */
static DWORD make(const wchar_t *path, const wchar_t *target, DWORD flags)
{
    if (CreateSymbolicLinkW(path, target, flags | LINK_UNPRIVILEGED))
        return 0;
    if (GetLastError() != ERROR_INVALID_PARAMETER)
        return GetLastError();
    return CreateSymbolicLinkW(path, target, flags) ? 0 : GetLastError();
}

static bool report(DWORD failed, const char *path, lima_err *err)
{
    lima_file_info at;

    if (failed)
        lima_win_fail(err, failed, "'%s': make a link", path);
    if (failed == ERROR_INVALID_FUNCTION || failed == ERROR_NOT_SUPPORTED) {
        if (err)
            err->code = LIMA_CODE_PERMISSION_DENIED;
    }
    if (failed)
        return false;
    /* A Wine without links says yes and makes none. */
    return !lima_file_stat(path, false, &at, err) || at.kind == LIMA_FILE_LINK
           || lima_err_set(err, LIMA_CODE_PERMISSION_DENIED, "'%s': this Windows makes no links", path);
}

bool lima_file_link_make(const char *path, const char *target, lima_err *err)
{
    wchar_t *name = NULL, *to = NULL;
    lima_file_info at;
    bool ok = lima_file_stat(path, false, &at, err)
              && (at.kind == LIMA_FILE_NONE || lima_win_fail(err, ERROR_ALREADY_EXISTS, "'%s'", path))
              && lima_wide_path(path, &name, err) && wide_target(target, &to, err)
              && report(make(name, to, leads_to_dir(path, target) ? LINK_TO_DIR : 0), path, err);

    free(to);
    free(name);
    return ok;
}
