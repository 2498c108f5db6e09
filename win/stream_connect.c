/* Local (AF_UNIX) sockets: addresses, connecting, and pairs.
 *
 * Windows refuses a connection to a file that is not there and to one that nobody listens on with the same
 * code, so the file is looked for as well. There is no socketpair: a pair is made through a listening
 * socket in a fresh folder that admits this user alone, and folder and file are gone before the call
 * returns. TCP over the loopback would do without a file, but anybody on the machine could connect first.
 *
 * A wait for a connection goes by WSAEventSelect; afterwards the socket is blocking and free of events
 * again. */
#include "stream.h"

#include <afunix.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "handle.h"
#include "net.h"
#include "os/file.h"
#include "os/host.h"
#include "os/shared/shared.h"
#include "wait.h"
#include "wide.h"
#include "win_err.h"

#define PAIR_FOLDER ".sp-"
#define PAIR_NAME "s"

enum { FOLDER_LETTERS = 8, PAIR_MS = 10000 };

bool lima_win_address(const char *path, struct sockaddr_un *ret, lima_err *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    if (!lima_shared_check_address(path, sizeof at.sun_path - 1, err))
        return false;
    memcpy(at.sun_path, path, strlen(path) + 1);
    *ret = at;
    return true;
}

SOCKET lima_win_socket(int family, int protocol, lima_err *err)
{
    if (!lima_win_net_start(err))
        return INVALID_SOCKET;
    SOCKET made =
        WSASocketW(family, SOCK_STREAM, protocol, NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    int failed = WSAGetLastError();
    if (made != INVALID_SOCKET)
        return made;
    if (family == AF_UNIX && failed == WSAEAFNOSUPPORT)
        lima_err_set(
            err, LIMA_CODE_FAILED_PRECONDITION,
            "make a socket: this Windows has no local (AF_UNIX) sockets, which need Windows 10 version "
            "1803 or Windows Server 2019");
    else
        lima_win_fail(err, (DWORD)failed, "make a socket");
    return INVALID_SOCKET;
}

/* How the connection that was begun came out: 0, or Winsock's code. */
static int outcome(SOCKET socket, HANDLE event)
{
    WSANETWORKEVENTS news;

    if (WSAEnumNetworkEvents(socket, event, &news))
        return WSAGetLastError();
    return news.iErrorCode[FD_CONNECT_BIT];
}

static bool await(SOCKET socket, HANDLE event, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    HANDLE handles[2] = {NULL, event};

    if (!lima_win_wait(handles, 2, deadline, wake, NULL, err))
        return lima_err_wrap(err, "connect");
    int failed = outcome(socket, event);
    return !failed || lima_win_fail(err, (DWORD)failed, "connect");
}

void lima_win_make_blocking(SOCKET socket)
{
    u_long no = 0;

    WSAEventSelect(socket, NULL, 0);
    ioctlsocket(socket, FIONBIO, &no);
}

/* Begins to connect: the event tells when it is done, unless it is done at once. */
static bool begin(SOCKET socket, HANDLE event, const struct sockaddr *to, int len, bool *ret_done,
                  lima_err *err)
{
    if (WSAEventSelect(socket, event, FD_CONNECT))
        return lima_win_fail(err, (DWORD)WSAGetLastError(), "connect");
    int failed = connect(socket, to, len) ? WSAGetLastError() : 0;
    if (failed && failed != WSAEWOULDBLOCK)
        return lima_win_fail(err, (DWORD)failed, "connect");
    *ret_done = !failed;
    return true;
}

bool lima_win_connect(SOCKET socket, const struct sockaddr *to, int len, lima_deadline deadline,
                      lima_wake *wake, lima_err *err)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    bool done;

    if (!event)
        return lima_win_fail(err, GetLastError(), "make an event");
    bool ok =
        begin(socket, event, to, len, &done, err) && (done || await(socket, event, deadline, wake, err));
    lima_win_make_blocking(socket);
    CloseHandle(event);
    return ok;
}

/* False only when Windows says that there is no such file. */
static bool is_there(const char *path)
{
    wchar_t *wide;

    if (!lima_wide_path(path, &wide, NULL))
        return true;
    DWORD failed = GetFileAttributesW(wide) == INVALID_FILE_ATTRIBUTES ? GetLastError() : 0;
    free(wide);
    return lima_win_code(failed) != LIMA_CODE_NOT_FOUND;
}

/* The file is looked for on both sides of the attempt: it may appear, or go, at any time. */
static bool connect_to(SOCKET socket, const char *path, const struct sockaddr_un *at, lima_deadline deadline,
                       lima_err *err)
{
    lima_err why = {0};

    if (is_there(path)) {
        if (lima_win_connect(socket, (const struct sockaddr *)at, sizeof *at, deadline, NULL, &why))
            return true;
        if (why.code != LIMA_CODE_UNAVAILABLE || is_there(path)) {
            if (err)
                *err = why;
            return lima_err_wrap(err, "socket '%s'", path);
        }
    }
    return lima_err_set(err, LIMA_CODE_NOT_FOUND, "socket '%s': no such file", path);
}

bool lima_stream_connect(const char *path, lima_deadline deadline, lima_stream **ret, lima_err *err)
{
    struct sockaddr_un at;

    if (!lima_win_address(path, &at, err))
        return false;
    SOCKET socket = lima_win_socket(AF_UNIX, 0, err);
    if (socket == INVALID_SOCKET)
        return lima_err_wrap(err, "socket '%s'", path);
    if (!connect_to(socket, path, &at, deadline, err)) {
        closesocket(socket);
        return false;
    }
    *ret = lima_win_stream_of_socket(socket);
    return true;
}

SOCKET lima_win_accept(SOCKET listening)
{
    SOCKET accepted = accept(listening, NULL, NULL);

    if (accepted == INVALID_SOCKET)
        return INVALID_SOCKET;
    lima_win_make_blocking(accepted); /* it has inherited what the listening one has */
    SetHandleInformation((HANDLE)accepted, HANDLE_FLAG_INHERIT, 0);
    return accepted;
}

static bool listen_at(SOCKET listening, HANDLE event, const struct sockaddr_un *at, lima_err *err)
{
    if (bind(listening, (const struct sockaddr *)at, sizeof *at)
        || WSAEventSelect(listening, event, FD_ACCEPT) || listen(listening, 1))
        return lima_win_fail(err, (DWORD)WSAGetLastError(), "listen");
    return true;
}

/* With the connection begun on one side, the other is accepted. */
static bool join_ends(SOCKET listening, const HANDLE events[2], const struct sockaddr_un *at, SOCKET ends[2],
                      lima_err *err)
{
    HANDLE handles[2] = {NULL, events[0]};
    lima_deadline until = lima_clock_in(PAIR_MS);
    bool done;

    if (!listen_at(listening, events[0], at, err)
        || !begin(ends[0], events[1], (const struct sockaddr *)at, sizeof *at, &done, err)
        || !lima_win_wait(handles, 2, until, NULL, NULL, err))
        return false;
    ends[1] = lima_win_accept(listening);
    if (ends[1] == INVALID_SOCKET)
        return lima_win_fail(err, (DWORD)WSAGetLastError(), "accept");
    bool ok = done || await(ends[0], events[1], until, NULL, err);
    lima_win_make_blocking(ends[0]);
    return ok;
}

static bool pair_at(const struct sockaddr_un *at, SOCKET ends[2], lima_err *err)
{
    HANDLE events[2] = {CreateEventW(NULL, TRUE, FALSE, NULL), CreateEventW(NULL, TRUE, FALSE, NULL)};
    SOCKET listening = lima_win_socket(AF_UNIX, 0, err);
    bool ok = listening != INVALID_SOCKET;

    if (ok) {
        ends[0] = lima_win_socket(AF_UNIX, 0, err);
        ok = ends[0] != INVALID_SOCKET
             && ((events[0] && events[1]) || lima_win_fail(err, GetLastError(), "make an event"))
             && join_ends(listening, events, at, ends, err);
        closesocket(listening);
    }
    for (int i = 0; i < 2; i++)
        if (events[i])
            CloseHandle(events[i]);
    return ok;
}

/* The first of the usual places whose name leaves room for a socket. Owned. */
static char *pair_base(size_t room)
{
    static const char *const places[] = {"LOCALAPPDATA", "ProgramData"};
    char *base = lima_mem_strdup(lima_host_get()->temp);

    for (size_t i = 0; i < sizeof places / sizeof places[0] && strlen(base) > room; i++) {
        char *other = lima_env_get(places[i]);
        if (!other)
            continue;
        free(base);
        base = other;
    }
    return base;
}

static bool make_pair(const char *folder, SOCKET ends[2], lima_err *err)
{
    struct sockaddr_un at;
    char *path = lima_path_join(folder, PAIR_NAME);
    bool ok = lima_win_address(path, &at, err) && lima_dir_make(folder, LIMA_FILE_PRIVATE, err)
              && pair_at(&at, ends, err);

    lima_dir_remove(folder, NULL);
    free(path);
    return ok;
}

bool lima_stream_pair(lima_stream **ret_a, lima_stream **ret_b, lima_err *err)
{
    SOCKET ends[2] = {INVALID_SOCKET, INVALID_SOCKET};
    char name[sizeof PAIR_FOLDER + FOLDER_LETTERS];

    if (!lima_win_random_name(PAIR_FOLDER, FOLDER_LETTERS, "", name, sizeof name))
        return lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED, "make a pair of streams: no random numbers");
    char *base = pair_base(sizeof((struct sockaddr_un *)NULL)->sun_path - sizeof name - sizeof PAIR_NAME - 1);
    char *folder = lima_path_join(base, name);
    bool ok = make_pair(folder, ends, err) || lima_err_wrap(err, "make a pair of streams");
    free(folder);
    free(base);
    if (ok) {
        *ret_a = lima_win_stream_of_socket(ends[0]);
        *ret_b = lima_win_stream_of_socket(ends[1]);
    }
    for (int i = 0; !ok && i < 2; i++)
        if (ends[i] != INVALID_SOCKET)
            closesocket(ends[i]);
    return ok;
}
