/* Sockets and pipes differ only in the calls: Winsock's give Winsock's error codes. */
#include "overlapped.h"

#include <windows.h>

/* What a call gave, and what Winsock (or Windows) says about it if it failed. */
static DWORD begun(bool done, bool socket)
{
    DWORD error = done ? 0 : socket ? (DWORD)WSAGetLastError() : GetLastError();

    return error == ERROR_IO_PENDING ? 0 : error; /* WSA_IO_PENDING is the same number */
}

DWORD lima_win_io_read(lima_win_io *io, void *into, DWORD len)
{
    WSABUF part = {.len = len, .buf = into};
    DWORD flags = 0;
    bool done = io->socket ? !WSARecv((SOCKET)io->file, &part, 1, NULL, &flags, &io->over, NULL)
                           : ReadFile(io->file, into, len, NULL, &io->over);

    return begun(done, io->socket);
}

DWORD lima_win_io_write(lima_win_io *io, const void *bytes, DWORD len)
{
    WSABUF part = {.len = len, .buf = (char *)(ULONG_PTR)bytes};
    bool done = io->socket ? !WSASend((SOCKET)io->file, &part, 1, NULL, 0, &io->over, NULL)
                           : WriteFile(io->file, bytes, len, NULL, &io->over);

    return begun(done, io->socket);
}

DWORD lima_win_io_end(lima_win_io *io, bool cancel, DWORD *ret_len)
{
    DWORD flags;

    if (cancel)
        CancelIoEx(io->file, &io->over); /* fails when it has ended by now */
    bool done = io->socket ? WSAGetOverlappedResult((SOCKET)io->file, &io->over, ret_len, TRUE, &flags)
                           : GetOverlappedResult(io->file, &io->over, ret_len, TRUE);
    return begun(done, io->socket);
}
