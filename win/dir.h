/* Folders by handle: their entries as Windows has them, names of any sequence of units. */
#pragma once

#include <windows.h>

#include "os/file.h"

typedef struct lima_win_entry {
    const wchar_t *name; /* not terminated; valid until the next call */
    size_t len;          /* units */
    lima_file_kind kind; /* of the entry itself */
} lima_win_entry;

/* {0} with a handle (FILE_LIST_DIRECTORY) is a reader at the beginning. */
typedef struct lima_win_dir {
    HANDLE handle;
    BYTE *records; /* owned */
    DWORD next;    /* offset of the record to give, if some are left */
    bool started, left;
} lima_win_dir;

/* 0 and an entry, never "." or ".."; ERROR_NO_MORE_FILES; or another error. */
DWORD lima_win_dir_next(lima_win_dir *dir, lima_win_entry *ret);
void lima_win_dir_rewind(lima_win_dir *dir);
void lima_win_dir_free(lima_win_dir *dir); /* closes the handle too */
