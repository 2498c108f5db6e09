/* Files by handle, shared by the modules of win/. */
#pragma once

#include <windows.h>

#include "base/err.h"

/* How a file is opened: sharing everything, never inherited. */
typedef struct lima_win_open_how {
    DWORD access;
    DWORD disposition;             /* 0: OPEN_EXISTING */
    DWORD flags;                   /* FILE_FLAG_…; FILE_FLAG_OPEN_REPARSE_POINT: do not follow a link */
    SECURITY_ATTRIBUTES *security; /* of a new file; may be NULL: inherited from its folder */
} lima_win_open_how;

/* INVALID_HANDLE_VALUE: *err is set, beginning with the path in quotes. Sharing violations are tried again for
 * LIMA_WIN_RETRY_MS. */
HANDLE lima_win_open(const char *path, const lima_win_open_how *how, lima_err *err);
/* The same, but regular files only: INVALID_ARGUMENT for anything else. */
HANDLE lima_win_open_regular(const char *path, const lima_win_open_how *how, lima_err *err);

/* PREFIX and random letters, for a name that nobody else has or guesses; cut to `size`. False: no randomness. */
bool lima_win_random_name(const char *prefix, size_t letters, const char *suffix, char *into, size_t size);
