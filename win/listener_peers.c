/* Told of the end of a connection without owning it.
 *
 * The connection has been given away, perhaps to a library that drives it by a completion port. A
 * duplicate of its socket would tell when the peer closes, but would also keep the connection alive when
 * the owner closes it. So the driver of Winsock (\Device\Afd) is asked itself: one poll per connection,
 * under way until the peer has closed, the connection was cut off, or the last handle of the socket is
 * closed here. Event loops (libuv, mio, wepoll) rely on the same interface. It cannot tell a peer that has
 * closed from one that has only ended its side; a client of gRPC never does the latter.
 *
 * The polls end on a completion port of their own, so that they do not belong to the thread that began
 * them; it is looked at when somebody counts. */
#include "listener.h"

#include <windows.h>
#include <winternl.h>

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "os/listener.h"
#include "os/thread.h"
#include "win_err.h"

enum {
    IOCTL_AFD_POLL = 0x12024,
    POLL_DISCONNECT = 0x8,
    POLL_ABORT = 0x10,
    POLL_LOCAL_CLOSE = 0x20,
    END_MS = 5000
};

typedef struct afd_poll {
    LARGE_INTEGER timeout;
    ULONG count;
    ULONG exclusive;
    struct {
        HANDLE socket;
        ULONG events;
        NTSTATUS status;
    } sockets[1];
} afd_poll;

typedef struct watch {
    IO_STATUS_BLOCK status; /* first: its address is what the completion port gives back */
    afd_poll poll;
} watch;

struct lima_win_peers {
    HANDLE afd, port;
    lima_monitor *monitor; /* guards `count` */
    unsigned count;        /* polls under way */
};

static DWORD open_afd(HANDLE *ret)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK status;

    RtlInitUnicodeString(&name, L"\\Device\\Afd\\lima");
    InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
    NTSTATUS failed = NtCreateFile(ret, SYNCHRONIZE, &attributes, &status, NULL, 0,
                                   FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, NULL, 0);
    return failed ? RtlNtStatusToDosError(failed) : 0;
}

bool lima_win_peers_new(lima_win_peers **ret, lima_err *err)
{
    HANDLE afd;
    DWORD failed = open_afd(&afd);

    if (failed)
        return lima_win_fail(err, failed, "open the driver of Winsock");
    HANDLE port = CreateIoCompletionPort(afd, NULL, 0, 1);
    if (!port) {
        failed = GetLastError();
        CloseHandle(afd);
        return lima_win_fail(err, failed, "make a completion port");
    }
    lima_win_peers *peers = lima_mem_zalloc(1, sizeof *peers);
    *peers = (lima_win_peers){.afd = afd, .port = port, .monitor = lima_monitor_new()};
    *ret = peers;
    return true;
}

/* Inside the monitor: forgets the connections that have ended, waiting for the first for so long. */
static bool take_ended(lima_win_peers *peers, DWORD wait_ms)
{
    OVERLAPPED *ended = NULL;
    ULONG_PTR key;
    DWORD len;

    GetQueuedCompletionStatus(peers->port, &len, &key, &ended, wait_ms);
    if (!ended)
        return false;
    free((watch *)(void *)ended);
    peers->count--;
    return true;
}

static bool begin(lima_win_peers *peers, SOCKET connection)
{
    watch *made = lima_mem_zalloc(1, sizeof *made);

    made->poll = (afd_poll){.timeout = {.QuadPart = INT64_MAX},
                            .count = 1,
                            .sockets = {{.socket = (HANDLE)connection,
                                         .events = POLL_DISCONNECT | POLL_ABORT | POLL_LOCAL_CLOSE}}};
    NTSTATUS status = NtDeviceIoControlFile(peers->afd, NULL, NULL, made, &made->status, IOCTL_AFD_POLL,
                                            &made->poll, sizeof made->poll, &made->poll, sizeof made->poll);
    if (!NT_ERROR(status)) /* under way; or done, which is told by the port as well */
        return true;
    free(made);
    return false;
}

bool lima_win_peers_add(lima_win_peers *peers, SOCKET connection)
{
    lima_monitor_enter(peers->monitor);
    bool ok = peers->count < LIMA_LISTENER_CONNECTIONS_MAX && begin(peers, connection);
    peers->count += ok;
    lima_monitor_leave(peers->monitor);
    return ok;
}

unsigned lima_win_peers_count(lima_win_peers *peers)
{
    lima_monitor_enter(peers->monitor);
    while (take_ended(peers, 0))
        ;
    unsigned count = peers->count;
    lima_monitor_leave(peers->monitor);
    return count;
}

/* Memory of a poll that Windows should not give back within the time is left to it. */
void lima_win_peers_free(lima_win_peers *peers)
{
    if (!peers)
        return;
    CancelIoEx(peers->afd, NULL);
    while (peers->count > 0 && take_ended(peers, END_MS))
        ;
    CloseHandle(peers->afd);
    CloseHandle(peers->port);
    lima_monitor_free(peers->monitor);
    free(peers);
}
