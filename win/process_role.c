/* What ends this process, and what does not.
 *
 * Windows has no signal that asks a process to end. So each process with a role listens on a named event,
 * and whoever may end it (this user) can ask by that: lima_process_end and lima_process_end_id do. The
 * name holds pid and start time, so it is never another process's.
 *
 * Events of the console are another matter. A tool takes all of them as a request to end. For a server
 * they are none: limactl starts a driver in the host agent's process group, and what `limactl stop` sends
 * to that group (CTRL_BREAK) reaches the driver before the host agent's own Stop call does, which the
 * driver must still answer; what limactl sends to the driver alone never arrives (facts:
 * lima-driver-contract 2.6). So a server leaves the console altogether. One that was started by hand, its
 * standard input a console, stays: its log is read there. It ignores Ctrl-C and CTRL_BREAK, but a closed
 * window ends every process in it: then it is told, and has the five seconds that Windows gives. */
#include "child.h"

#include <wchar.h>

#include "private.h"
#include "win_err.h"

enum { NAME_MAX_UNITS = 64 };

static lima_wake *stop_wake;
static bool ignores_keys;

static void name_of(lima_process_id id, wchar_t name[NAME_MAX_UNITS])
{
    swprintf(name, NAME_MAX_UNITS, L"Global\\lima-end-%lx-%llx", (unsigned long)id.pid,
             (unsigned long long)id.start);
}

bool lima_win_ask(lima_process_id id)
{
    wchar_t name[NAME_MAX_UNITS];

    name_of(id, name);
    HANDLE event = OpenEventW(EVENT_MODIFY_STATE, FALSE, name);
    bool ok = event && SetEvent(event);
    if (event)
        CloseHandle(event);
    return ok;
}

static void CALLBACK on_asked(void *wake, BOOLEAN timed_out)
{
    (void)timed_out;
    lima_wake_raise(wake);
}

/* The event and the wait for it live as long as the process. An event of that name that is there already
 * cannot be ours, and is left alone: then this process cannot be asked, only ended. */
static bool listen_for_requests(lima_wake *stop, lima_err *err)
{
    SECURITY_ATTRIBUTES security;
    wchar_t name[NAME_MAX_UNITS];
    HANDLE waiting;

    if (!lima_win_private(false, &security, err))
        return false;
    name_of(lima_win_identify(GetCurrentProcess()), name);
    HANDLE event = CreateEventW(&security, TRUE, FALSE, name);
    if (!event || GetLastError() == ERROR_ALREADY_EXISTS) {
        if (event)
            CloseHandle(event);
        return true;
    }
    return RegisterWaitForSingleObject(&waiting, event, on_asked, stop, INFINITE, WT_EXECUTEONLYONCE)
           || lima_win_fail(err, GetLastError(), "wait for requests to end");
}

/* Runs on a thread of its own. After a closed window, the end of the session or of the system, Windows
 * ends the process as soon as this returns. */
static BOOL WINAPI on_console(DWORD event)
{
    bool key = event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;

    if (!key || !ignores_keys)
        lima_wake_raise(stop_wake);
    if (!key)
        Sleep(INFINITE);
    return TRUE;
}

static bool started_by_hand(void)
{
    DWORD mode;

    return GetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), &mode);
}

/* Windows' own folder: the one that nobody ever wants to remove. */
static bool leave_folder(lima_err *err)
{
    wchar_t folder[MAX_PATH];
    UINT len = GetSystemDirectoryW(folder, MAX_PATH);

    return (len && len < MAX_PATH && SetCurrentDirectoryW(folder))
           || lima_win_fail(err, GetLastError(), "leave the folder for Windows' own");
}

static bool become_server(lima_err *err)
{
    lima_win_release_stderr();
    if (!started_by_hand())
        FreeConsole();
    return leave_folder(err);
}

bool lima_process_set_role(lima_process_role role, lima_wake *stop, lima_err *err)
{
    stop_wake = stop;
    ignores_keys = role == LIMA_PROCESS_SERVER;
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    if (!SetConsoleCtrlHandler(on_console, TRUE))
        return lima_win_fail(err, GetLastError(), "take over the events of the console");
    return (role != LIMA_PROCESS_SERVER || become_server(err)) && listen_for_requests(stop, err);
}
