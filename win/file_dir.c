/* Folders: making with parents, listing, removing a tree.
 *
 * Removing goes by opened folders (names relative to a handle), so that a folder exchanged for a link
 * meanwhile leads nowhere else, no path gets too long, and names that have no UTF-8 form or that Win32 would
 * change go too. Links and junctions are removed and not followed. It neither crosses its own depth limit nor
 * changes permissions to get in. */
#include "os/file.h"

#include <windows.h>
#include <winternl.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "dir.h"
#include "handle.h"
#include "private.h"
#include "wait.h"
#include "wide.h"
#include "win_err.h"

enum { DEPTH_MAX = 64 }; /* one handle each */

/* ---- making ---- */

static bool make_one(const char *path, SECURITY_ATTRIBUTES *security, lima_err *err)
{
    lima_file_info at;
    wchar_t *name = NULL;

    if (!lima_file_stat(path, true, &at, err))
        return false;
    if (at.kind == LIMA_FILE_NONE) {
        if (!lima_wide_path(path, &name, err))
            return false;
        DWORD failed = CreateDirectoryW(name, security) ? 0 : lima_win_last_error();
        free(name);
        if (failed != ERROR_ALREADY_EXISTS) /* somebody else made it just now: what is it? */
            return !failed || lima_win_fail(err, failed, "'%s': make folder", path);
        if (!lima_file_stat(path, true, &at, err))
            return false;
    }
    return at.kind == LIMA_FILE_DIR
           || lima_err_set(err, LIMA_CODE_ALREADY_EXISTS, "'%s': exists and is not a folder", path);
}

/* The nearest parent that is there needs no look at those above it, which this user may not even see. */
static bool make_with_parents(const char *path, SECURITY_ATTRIBUTES *security, lima_err *err)
{
    lima_file_info at;
    char *parent = lima_path_dir(path);
    bool top = !strcmp(parent, path) || !strcmp(parent, ".");
    bool ok = top || !lima_file_stat(parent, true, &at, NULL) || at.kind == LIMA_FILE_DIR
              || make_with_parents(parent, security, err);

    free(parent);
    return ok && make_one(path, security, err);
}

bool lima_dir_make(const char *path, lima_file_access access, lima_err *err)
{
    SECURITY_ATTRIBUTES only_mine;
    wchar_t *whole = NULL;
    char *absolute = NULL;

    if (access == LIMA_FILE_PRIVATE && !lima_win_private(true, &only_mine, err))
        return false;
    bool ok = lima_wide_path_plain(path, &whole, err) && lima_wide_to_utf8(whole, &absolute, err)
              && make_with_parents(absolute, access == LIMA_FILE_PRIVATE ? &only_mine : NULL, err);
    free(absolute);
    free(whole);
    return ok;
}

/* ---- listing ---- */

static bool list_all(lima_win_dir *dir, const char *path, size_t max, lima_strv *names, lima_err *err)
{
    lima_win_entry entry;
    DWORD failed;

    while (!(failed = lima_win_dir_next(dir, &entry))) {
        char *name = NULL;
        if (names->len >= max)
            return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "'%s': more than %zu entries", path, max);
        if (!lima_wide_to_utf8_len(entry.name, entry.len, &name, NULL)) {
            char *shown = lima_wide_to_text(entry.name, entry.len);
            lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                         "'%s': the name '%s' in it is not Unicode; rename that file", path, shown);
            free(shown);
            return false;
        }
        lima_strv_add(names, name);
        free(name);
    }
    return failed == ERROR_NO_MORE_FILES || lima_win_fail(err, failed, "'%s'", path);
}

bool lima_dir_list(const char *path, size_t max, lima_strv *ret_names, lima_err *err)
{
    const lima_win_open_how how = {.access = FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES | SYNCHRONIZE};
    lima_strv names = {0};
    lima_win_dir dir = {.handle = lima_win_open(path, &how, err)};

    if (dir.handle == INVALID_HANDLE_VALUE)
        return false;
    bool ok = lima_win_kind(dir.handle, NULL) == LIMA_FILE_DIR
                  ? list_all(&dir, path, max, &names, err)
                  : lima_win_fail(err, ERROR_DIRECTORY, "'%s'", path);
    lima_win_dir_free(&dir);
    if (!ok) {
        lima_strv_free(&names);
        return false;
    }
    lima_strv_sort(&names);
    *ret_names = names;
    return true;
}

/* ---- removing a tree ---- */

/* 0 or the error. */
static DWORD open_at(HANDLE parent, const lima_win_entry *entry, HANDLE *ret)
{
    UNICODE_STRING name = {.Length = (USHORT)(entry->len * sizeof(wchar_t)),
                           .MaximumLength = (USHORT)(entry->len * sizeof(wchar_t)),
                           .Buffer = (wchar_t *)(UINT_PTR)entry->name};
    OBJECT_ATTRIBUTES object = {.Length = sizeof object, .RootDirectory = parent, .ObjectName = &name};
    IO_STATUS_BLOCK status;
    ACCESS_MASK access = DELETE | FILE_READ_ATTRIBUTES | SYNCHRONIZE;

    if (entry->kind == LIMA_FILE_DIR)
        access |= FILE_LIST_DIRECTORY;
    NTSTATUS failed =
        NtOpenFile(ret, access, &object, &status, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                   FILE_OPEN_REPARSE_POINT | FILE_OPEN_FOR_BACKUP_INTENT | FILE_SYNCHRONOUS_IO_NONALERT);
    return failed ? RtlNtStatusToDosError(failed) : 0;
}

static DWORD open_patiently(HANDLE parent, const lima_win_entry *entry, HANDLE *ret)
{
    lima_deadline deadline = lima_clock_in(LIMA_WIN_RETRY_MS);
    unsigned pause_ms = 1;
    DWORD failed;

    do
        failed = open_at(parent, entry, ret);
    while (lima_win_is_busy(failed) && lima_win_pause(&pause_ms, deadline, NULL, NULL));
    return failed;
}

static bool remove_dir(lima_win_dir *dir, const char *path, unsigned depth, lima_err *err);

static bool remove_opened(HANDLE handle, const char *path, unsigned depth, lima_err *err)
{
    lima_win_dir dir = {.handle = handle};
    lima_deadline deadline = lima_clock_in(LIMA_WIN_RETRY_MS);
    unsigned pause_ms = 1;
    DWORD failed;
    bool ok = true;

    if (lima_win_kind(handle, NULL) == LIMA_FILE_DIR) {
        ok = remove_dir(&dir, path, depth, err);
    } else {
        do
            failed = lima_win_delete(handle);
        while (lima_win_is_busy(failed) && lima_win_pause(&pause_ms, deadline, NULL, NULL));
        ok = !failed || lima_win_fail(err, failed, "'%s': remove", path);
    }
    lima_win_dir_free(&dir);
    return ok;
}

static bool remove_at(HANDLE parent, const lima_win_entry *entry, const char *path, unsigned depth,
                      lima_err *err)
{
    char *name = lima_wide_to_text(entry->name, entry->len), *whole = lima_path_join(path, name);
    HANDLE handle;
    DWORD failed = open_patiently(parent, entry, &handle);
    bool ok = true;

    if (!failed)
        ok = remove_opened(handle, whole, depth, err);
    else if (lima_win_code(failed) != LIMA_CODE_NOT_FOUND) /* it has gone, or is about to */
        ok = lima_win_fail(err, failed, "'%s': remove", whole);
    free(whole);
    free(name);
    return ok;
}

static bool empty_dir(lima_win_dir *dir, const char *path, unsigned depth, lima_err *err)
{
    lima_win_entry entry;
    DWORD failed;

    lima_win_dir_rewind(dir);
    while (!(failed = lima_win_dir_next(dir, &entry)))
        if (!remove_at(dir->handle, &entry, path, depth + 1, err))
            return false;
    return failed == ERROR_NO_MORE_FILES || lima_win_fail(err, failed, "'%s': remove", path);
}

/* Entries may be skipped when others are removed while reading; and a deleted file that somebody still has
 * open keeps its name for as long, where the file system knows no better. In both cases the folder is not
 * empty yet. */
static bool remove_dir(lima_win_dir *dir, const char *path, unsigned depth, lima_err *err)
{
    lima_deadline deadline = 0;
    unsigned pause_ms = 1;
    DWORD failed;

    if (depth >= DEPTH_MAX)
        return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "'%s': more than %d folders deep", path, DEPTH_MAX);
    do {
        if (!empty_dir(dir, path, depth, err))
            return false;
        if (!deadline) /* however long the first round took */
            deadline = lima_clock_in(LIMA_WIN_RETRY_MS);
        failed = lima_win_delete(dir->handle);
    } while ((failed == ERROR_DIR_NOT_EMPTY || lima_win_is_busy(failed))
             && lima_win_pause(&pause_ms, deadline, NULL, NULL));
    return !failed || lima_win_fail(err, failed, "'%s': remove", path);
}

bool lima_dir_remove(const char *path, lima_err *err)
{
    lima_win_open_how how = {.access = DELETE | FILE_READ_ATTRIBUTES | FILE_LIST_DIRECTORY | SYNCHRONIZE,
                             .flags = FILE_FLAG_OPEN_REPARSE_POINT};
    lima_file_info at;

    if (!lima_file_stat(path, false, &at, err))
        return false;
    if (at.kind == LIMA_FILE_NONE)
        return true;
    if (at.kind != LIMA_FILE_DIR)
        return lima_file_remove(path, err);
    HANDLE handle = lima_win_open(path, &how, err);
    return handle != INVALID_HANDLE_VALUE && remove_opened(handle, path, 0, err);
}
