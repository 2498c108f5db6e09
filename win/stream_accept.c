/* See stream.h. */
#include "stream.h"

#include "wait.h"
#include "win_err.h"

enum { BACKLOG = 64 };

int lima_win_listen(lima_win_listening *listening, const struct sockaddr *at, int len)
{
    listening->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!listening->event)
        return (int)GetLastError();
    if (bind(listening->socket, at, len) || WSAEventSelect(listening->socket, listening->event, FD_ACCEPT)
        || listen(listening->socket, BACKLOG))
        return WSAGetLastError();
    return 0;
}

/* Waits for news, and takes them: the event is silent again. */
static bool await_news(lima_win_listening *listening, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    HANDLE handles[2] = {NULL, listening->event};
    WSANETWORKEVENTS news;

    if (!lima_win_wait(handles, 2, deadline, wake, NULL, err))
        return lima_err_wrap(err, "accept a connection");
    WSAEnumNetworkEvents(listening->socket, listening->event, &news);
    return true;
}

bool lima_win_accept_stream(lima_win_listening *listening, lima_deadline deadline, lima_wake *wake,
                            lima_stream **ret, lima_err *err)
{
    for (;;) {
        SOCKET accepted = lima_win_accept(listening->socket);
        if (accepted != INVALID_SOCKET) {
            *ret = lima_win_stream_of_socket(accepted);
            return true;
        }
        int failed = WSAGetLastError();
        if (failed == WSAECONNRESET)
            continue;
        if (failed != WSAEWOULDBLOCK)
            return lima_win_fail(err, (DWORD)failed, "accept a connection");
        if (!await_news(listening, deadline, wake, err))
            return false;
    }
}

void lima_win_listening_close(lima_win_listening *listening)
{
    if (listening->socket != INVALID_SOCKET)
        closesocket(listening->socket);
    if (listening->event)
        CloseHandle(listening->event);
}
