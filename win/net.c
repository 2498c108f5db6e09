#include "net.h"

#include <winsock2.h>
#include <windows.h>

#include "win_err.h"

static BOOL CALLBACK start(INIT_ONCE *once, void *failed, void **context)
{
    WSADATA data;

    (void)once;
    (void)context;
    *(int *)failed = WSAStartup(MAKEWORD(2, 2), &data);
    return *(int *)failed == 0; /* a failed start is tried again by the next caller */
}

bool lima_win_net_start(lima_err *err)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    int failed = 0;

    return InitOnceExecuteOnce(&once, start, &failed, NULL)
           || lima_win_fail(err, (DWORD)failed, "start the network of Windows");
}
