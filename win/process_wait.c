/* Children: waiting, ending, letting go. A handle keeps the end of a process, and its number, for as long
 * as it is open, so nothing has to be reaped, and nobody else can get the number meanwhile. */
#include "child.h"

#include <stdio.h>
#include <stdlib.h>

#include "wait.h"
#include "win_err.h"

lima_process_id lima_process_get_id(const lima_process *process)
{
    return process->id;
}

lima_stream *lima_process_stream(lima_process *process, unsigned number)
{
    return number < 3 ? process->streams[number] : NULL;
}

/* Windows has no signals. A program that crashes exits with the exception's number: an error of the system
 * (NTSTATUS 0xC…), a breakpoint, or an exception of C++. Anything else, 4294967295 for one, is a number
 * that the program chose. */
static bool is_exception(DWORD code)
{
    return (code & 0xF0000000) == 0xC0000000 || code == EXCEPTION_BREAKPOINT || code == 0xE06D7363;
}

static lima_process_exit describe(DWORD code)
{
    lima_process_exit end = {.signaled = is_exception(code), .code = (int)code};

    if (code == LIMA_WIN_ENDED)
        snprintf(end.text, sizeof end.text, "ended from outside");
    else if (end.signaled)
        snprintf(end.text, sizeof end.text, "exception 0x%08lx", code);
    else if (end.code >= 0)
        snprintf(end.text, sizeof end.text, "exit status %d", end.code);
    else
        snprintf(end.text, sizeof end.text, "exit status %d (0x%08lx)", end.code, code);
    return end;
}

bool lima_win_peek_exit(HANDLE process, lima_process_exit *ret)
{
    DWORD code;

    if (WaitForSingleObject(process, 0) != WAIT_OBJECT_0 || !GetExitCodeProcess(process, &code))
        return false;
    *ret = describe(code);
    return true;
}

bool lima_process_wait(lima_process *process, lima_deadline deadline, lima_wake *wake, lima_process_exit *ret,
                       lima_err *err)
{
    HANDLE handles[2] = {NULL, process->handle};
    lima_err why;

    if (deadline <= lima_clock_now())
        SwitchToThread();
    /* Its end counts for more than the wake, as long as it has come before the call. */
    if (lima_win_peek_exit(process->handle, ret))
        return true;
    if (!lima_win_wait(handles, 2, deadline, wake, NULL, &why))
        return lima_err_set(err, why.code, "process %lu: %s", (unsigned long)process->id.pid, why.text);
    return lima_win_peek_exit(process->handle, ret)
           || lima_win_fail(err, GetLastError(), "process %lu", (unsigned long)process->id.pid);
}

/* What cannot be asked is ended. Only the child itself listens, so a group whose leader has gone is ended
 * too. */
void lima_process_end(lima_process *process, bool force)
{
    if (!force && lima_win_ask(process->id))
        return;
    if (process->job)
        TerminateJobObject(process->job, LIMA_WIN_ENDED);
    else
        TerminateProcess(process->handle, LIMA_WIN_ENDED);
}

void lima_process_free(lima_process *process)
{
    if (!process)
        return;
    for (int i = 0; i < 3; i++)
        lima_stream_close(process->streams[i]);
    if (process->job)
        CloseHandle(process->job); /* the processes in it go on */
    CloseHandle(process->handle);
    free(process);
}
