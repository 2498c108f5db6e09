/* Other processes, told apart by pid and the time of their start, to 100 ns. A pid is looked at only
 * through a handle: as long as that is open, the pid is nobody else's. */
#include "child.h"

#include "wait.h"
#include "win_err.h"

static uint64_t ticks(FILETIME time)
{
    return (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

lima_process_id lima_win_identify(HANDLE process)
{
    lima_process_id id = {.pid = GetProcessId(process)};
    FILETIME start, end, kernel, user;

    if (GetProcessTimes(process, &start, &end, &kernel, &user))
        id.start = ticks(start);
    return id;
}

/* NULL: GetLastError tells why; ERROR_INVALID_PARAMETER: no such process. Windows rounds pids down to a
 * multiple of four, so what was opened may be another one. */
static HANDLE open_pid(uint32_t pid, DWORD access)
{
    HANDLE process = OpenProcess(access | SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);

    if (process && GetProcessId(process) == pid && WaitForSingleObject(process, 0) == WAIT_TIMEOUT)
        return process;
    DWORD failed = process ? ERROR_INVALID_PARAMETER : GetLastError();
    if (process)
        CloseHandle(process);
    SetLastError(failed);
    return NULL;
}

bool lima_process_find(uint32_t pid, lima_process_id *ret)
{
    HANDLE process = open_pid(pid ? pid : GetCurrentProcessId(), 0);

    if (!process)
        return false;
    *ret = lima_win_identify(process);
    CloseHandle(process);
    return true;
}

/* Exactly that process. True with *ret NULL: it has ended. */
static bool open_id(lima_process_id id, DWORD access, HANDLE *ret, lima_err *err)
{
    HANDLE process = id.pid ? open_pid(id.pid, access) : NULL;

    if (!process && id.pid && GetLastError() != ERROR_INVALID_PARAMETER)
        return lima_win_fail(err, GetLastError(), "process %lu", (unsigned long)id.pid);
    if (process && lima_win_identify(process).start != id.start) {
        CloseHandle(process);
        process = NULL;
    }
    *ret = process;
    return true;
}

bool lima_process_wait_id(lima_process_id id, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    HANDLE handles[2] = {0};

    if (!open_id(id, 0, &handles[1], err))
        return false;
    if (!handles[1])
        return true;
    bool ok = lima_win_wait(handles, 2, deadline, wake, NULL, err)
              || lima_err_wrap(err, "process %lu", (unsigned long)id.pid);
    CloseHandle(handles[1]);
    return ok;
}

/* A process that is ending already refuses to be ended: as good. */
static bool end(HANDLE process, lima_process_id id, lima_err *err)
{
    if (TerminateProcess(process, LIMA_WIN_ENDED))
        return true;
    DWORD failed = GetLastError();
    return WaitForSingleObject(process, 0) == WAIT_OBJECT_0
           || lima_win_fail(err, failed, "end process %lu", (unsigned long)id.pid);
}

bool lima_process_end_id(lima_process_id id, bool force, lima_err *err)
{
    HANDLE process;

    if (!open_id(id, PROCESS_TERMINATE, &process, err))
        return false;
    bool ok = !process || (!force && lima_win_ask(id)) || end(process, id, err);
    if (process)
        CloseHandle(process);
    return ok;
}
