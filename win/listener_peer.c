/* Who is at the other end of a local socket: Windows gives the pid, the process its user. It does not
 * always: Wine and early Windows 10 do not know the pid, a peer may have ended by now, and the token of an
 * elevated program, this user's own too, opens for other elevated ones alone. Then the DACL of the folder
 * and of the socket has to do, which let nobody in but this user and SYSTEM. */
#include "listener.h"

#include <windows.h>

#include "private.h"

#ifndef SIO_AF_UNIX_GETPEERPID
#define SIO_AF_UNIX_GETPEERPID _WSAIOR(IOC_VENDOR, 256)
#endif

static DWORD peer_pid(SOCKET connection)
{
    DWORD pid = 0, got;

    return WSAIoctl(connection, SIO_AF_UNIX_GETPEERPID, NULL, 0, &pid, sizeof pid, &got, NULL, NULL) ? 0
                                                                                                     : pid;
}

static bool is_another_user(HANDLE process)
{
    union {
        TOKEN_USER user;
        char room[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } owner;
    HANDLE token;
    DWORD len;

    if (!OpenProcessToken(process, TOKEN_QUERY, &token))
        return false;
    PSID ours = lima_win_user_sid();
    bool known = GetTokenInformation(token, TokenUser, &owner, sizeof owner, &len) && ours;
    CloseHandle(token);
    return known && !EqualSid(owner.user.User.Sid, ours);
}

bool lima_win_is_stranger(SOCKET connection)
{
    DWORD pid = peer_pid(connection);
    HANDLE process = pid ? OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid) : NULL;

    if (!process)
        return false;
    bool stranger = is_another_user(process);
    CloseHandle(process);
    return stranger;
}
