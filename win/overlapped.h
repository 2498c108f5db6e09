/* One overlapped read or write: begun, waited for by its event, ended. The memory of the bytes and of the
 * operation itself belongs to Windows from the beginning to the end. */
#pragma once

#include <stdbool.h>
#include <winsock2.h>

typedef struct lima_win_io {
    /* over.hEvent, manual-reset, is the caller's; it is signalled when the operation has ended */
    OVERLAPPED over;
    HANDLE file;
    bool socket;
} lima_win_io;

/* 0: it goes on, or is done: end it in either case. Anything else is the error, and there is nothing to
 * end. */
DWORD lima_win_io_read(lima_win_io *io, void *into, DWORD len);
DWORD lima_win_io_write(lima_win_io *io, const void *bytes, DWORD len);
/* Waits for the end; with `cancel` hastens it, which does not undo what has been done by then. 0, or the
 * error: ERROR_OPERATION_ABORTED if it was cancelled in time. */
DWORD lima_win_io_end(lima_win_io *io, bool cancel, DWORD *ret_len);
