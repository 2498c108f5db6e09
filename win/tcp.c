/* TCP over Winsock, by the streams of this folder. A port is taken exclusively: without that Windows lets
 * a second program listen on it too, and connections reach either. */
#include "tcp.h"

#include "stream.h"

#include <stdlib.h>
#include <ws2tcpip.h>

#include "base/mem.h"
#include "net.h"
#include "win_err.h"

struct lima_tcp_listener {
    lima_win_listening at;
};

static bool is_unreachable(int failed)
{
    return failed == WSAECONNREFUSED || failed == WSAEHOSTUNREACH || failed == WSAENETUNREACH
           || failed == WSAETIMEDOUT;
}

bool lima_tcp_connect(const char *ipv4, uint16_t port, lima_deadline deadline, lima_wake *wake,
                      lima_stream **ret, lima_err *err)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    lima_err why = {0};

    if (!lima_win_net_start(err))
        return false;
    if (inet_pton(AF_INET, ipv4, &at.sin_addr) != 1)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s' is no IPv4 address", ipv4);
    SOCKET made = lima_win_socket(AF_INET, IPPROTO_TCP, err);
    if (made == INVALID_SOCKET)
        return false;
    if (!lima_win_connect(made, (const struct sockaddr *)&at, sizeof at, deadline, wake, &why)) {
        closesocket(made);
        return lima_err_set(err, is_unreachable(why.os_code) ? LIMA_CODE_UNAVAILABLE : why.code, "%s:%u: %s",
                            ipv4, port, why.text);
    }
    *ret = lima_win_stream_of_socket(made);
    return true;
}

static bool fail(lima_err *err, int failed, uint16_t port)
{
    lima_win_fail(err, (DWORD)failed, "listen on 127.0.0.1:%u", port);
    if (err && (failed == WSAEADDRINUSE || failed == WSAEACCES))
        err->code = LIMA_CODE_ALREADY_EXISTS;
    return false;
}

static bool open_listener(lima_tcp_listener *listener, uint16_t port, lima_err *err)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    BOOL on = TRUE;

    listener->at.socket = lima_win_socket(AF_INET, IPPROTO_TCP, err);
    if (listener->at.socket == INVALID_SOCKET)
        return false;
    int failed =
        setsockopt(listener->at.socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&on, sizeof on)
            ? WSAGetLastError()
            : lima_win_listen(&listener->at, (const struct sockaddr *)&at, sizeof at);
    return !failed || fail(err, failed, port);
}

bool lima_tcp_listen(uint16_t port, lima_tcp_listener **ret, lima_err *err)
{
    lima_tcp_listener *listener = lima_mem_zalloc(1, sizeof *listener);

    listener->at.socket = INVALID_SOCKET;
    if (!open_listener(listener, port, err)) {
        lima_tcp_close(listener);
        return false;
    }
    *ret = listener;
    return true;
}

bool lima_tcp_accept(lima_tcp_listener *listener, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                     lima_err *err)
{
    return lima_win_accept_stream(&listener->at, deadline, wake, ret, err);
}

void lima_tcp_close(lima_tcp_listener *listener)
{
    if (!listener)
        return;
    lima_win_listening_close(&listener->at);
    free(listener);
}
