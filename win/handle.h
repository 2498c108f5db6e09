/* Files by handle, shared by the modules of win/. */
#pragma once

#include <windows.h>

#include "base/err.h"
#include "os/file.h"

/* How a file is opened: always sharing everything, never inherited, folders too. */
typedef struct lima_win_open_how {
    DWORD access;
    DWORD disposition;             /* 0: OPEN_EXISTING */
    DWORD flags;                   /* FILE_FLAG_OPEN_REPARSE_POINT: the link itself, or a socket */
    SECURITY_ATTRIBUTES *security; /* of a new file; NULL: inherited from its folder */
} lima_win_open_how;

/* INVALID_HANDLE_VALUE: *err is set, beginning with the path in quotes. A file that somebody has open without
 * sharing it is tried again for LIMA_WIN_RETRY_MS. */
HANDLE lima_win_open(const char *path, const lima_win_open_how *how, lima_err *err);
/* The same, but regular files only: INVALID_ARGUMENT for anything else. */
HANDLE lima_win_open_regular(const char *path, const lima_win_open_how *how, lima_err *err);

/* What the handle is, and its attributes; LIMA_FILE_OTHER if Windows does not tell. */
lima_file_kind lima_win_kind(HANDLE handle, DWORD *ret_attributes);
/* The kind of an entry with these attributes; `tag` counts if they say it is a reparse point. */
lima_file_kind lima_win_kind_of(DWORD attributes, DWORD tag);

/* Deletes what the handle (DELETE access) is, read-only or not: the name goes at once where the file
 * system can do that, else with the last handle. 0 or the error. */
DWORD lima_win_delete(HANDLE handle);
/* Gives the file of the handle (DELETE access) the name `to` ("\\?\…"), in place of a file or link, opened by
 * others or not where the file system can do that. 0 or the error; does not try again. */
DWORD lima_win_rename(HANDLE handle, const wchar_t *to);
/* The same, tried again for LIMA_WIN_RETRY_MS while somebody has the file `to` open in a way that hinders it.
 * A folder there is FAILED_PRECONDITION. */
bool lima_win_rename_patiently(HANDLE handle, const char *from, const char *to, lima_err *err);
/* GetLastError(), with what is just being deleted told from what may not be opened: ERROR_DELETE_PENDING. */
DWORD lima_win_last_error(void);

/* PREFIX and random letters, for a name that nobody else has or guesses; cut to `size`. False: no randomness.
 */
bool lima_win_random_name(const char *prefix, size_t letters, const char *suffix, char *into, size_t size);
