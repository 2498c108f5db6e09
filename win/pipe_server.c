/* One instance of the pipe, taken before anybody could (FIRST_PIPE_INSTANCE) and given to the stream of the client.
 * VMs run under accounts of their own, which are all in the group S-1-5-83-0 (facts: hyperv-hcs 3.8). */
#include "pipe_server.h"

#include <windows.h>

#include <sddl.h>
#include <stdlib.h>

#include "base/mem.h"
#include "overlapped.h"
#include "private.h"
#include "stream.h"
#include "wait.h"
#include "wide.h"
#include "win_err.h"

enum { PIPE_BYTES = 64 * 1024 };

struct lima_pipe_server {
    HANDLE pipe; /* NULL: given away */
    HANDLE event;
};

/* *ret is to be freed by LocalFree. */
static bool describe(PSECURITY_DESCRIPTOR *ret, lima_err *err)
{
    wchar_t *sid = NULL, *wide = NULL;
    char *text = NULL;
    PSID user = lima_win_user_sid();

    if (!user || !ConvertSidToStringSidW(user, &sid))
        return lima_win_fail(err, GetLastError(), "learn this user's SID");
    char *name = lima_wide_to_text(sid, wcslen(sid));
    text = lima_mem_printf("D:P(A;;FA;;;SY)(A;;FA;;;%s)(A;;FRFW;;;S-1-5-83-0)", name);
    bool ok = lima_wide_from_utf8(text, &wide, err)
              && (ConvertStringSecurityDescriptorToSecurityDescriptorW(wide, SDDL_REVISION_1, ret, NULL)
                  || lima_win_fail(err, GetLastError(), "describe who may use a pipe"));
    free(wide);
    free(text);
    free(name);
    LocalFree(sid);
    return ok;
}

static bool make_pipe(const char *name, lima_pipe_server *server, lima_err *err)
{
    SECURITY_ATTRIBUTES security = {.nLength = sizeof security};
    wchar_t *wide = NULL;

    if (!describe(&security.lpSecurityDescriptor, err))
        return false;
    bool ok = lima_wide_from_utf8(name, &wide, err);
    if (ok) {
        server->pipe = CreateNamedPipeW(
            wide, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
            PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS, 1, PIPE_BYTES, PIPE_BYTES, 0, &security);
        DWORD failed = server->pipe == INVALID_HANDLE_VALUE ? GetLastError() : 0;
        server->pipe = failed ? NULL : server->pipe;
        ok = !failed || lima_win_fail(err, failed, "pipe '%s'", name);
        /* what it says when somebody else has made the first instance */
        if (err && (failed == ERROR_ACCESS_DENIED || failed == ERROR_PIPE_BUSY))
            err->code = LIMA_CODE_ALREADY_EXISTS;
    }
    free(wide);
    LocalFree(security.lpSecurityDescriptor);
    return ok;
}

bool lima_pipe_listen(const char *name, lima_pipe_server **ret, lima_err *err)
{
    lima_pipe_server *server = lima_mem_zalloc(1, sizeof *server);

    server->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    bool ok = (server->event || lima_win_fail(err, GetLastError(), "make an event"))
              && make_pipe(name, server, err);
    if (ok)
        *ret = server;
    else
        lima_pipe_close(server);
    return ok;
}

/* The operation is ended before this returns. */
static bool await_client(lima_pipe_server *server, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    lima_win_io io = {.over = {.hEvent = server->event}, .file = server->pipe};
    HANDLE handles[2] = {NULL, server->event};
    lima_err why = {0};
    DWORD len = 0, failed = ConnectNamedPipe(server->pipe, &io.over) ? 0 : GetLastError();

    if (failed == ERROR_PIPE_CONNECTED || failed == ERROR_NO_DATA) /* it came before us; and has gone */
        return true;
    if (failed && failed != ERROR_IO_PENDING)
        return lima_win_fail(err, failed, "wait for a client of the pipe");
    bool ended = lima_win_wait(handles, 2, deadline, wake, NULL, &why);
    failed = lima_win_io_end(&io, !ended, &len);
    if (!failed)
        return true;
    return ended ? lima_win_fail(err, failed, "wait for a client of the pipe")
                 : lima_err_set(err, why.code, "wait for a client of the pipe: %s", why.text);
}

bool lima_pipe_accept(lima_pipe_server *server, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                      lima_err *err)
{
    if (!server->pipe)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "the pipe has had its client");
    if (!await_client(server, deadline, wake, err))
        return false;
    *ret = lima_win_stream_of_pipe(server->pipe);
    server->pipe = NULL;
    return true;
}

void lima_pipe_close(lima_pipe_server *server)
{
    if (!server)
        return;
    if (server->pipe)
        CloseHandle(server->pipe);
    if (server->event)
        CloseHandle(server->event);
    free(server);
}
