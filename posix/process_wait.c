/* Children: waiting, ending, letting go. */
#include "process.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix_err.h"
#include "wait.h"

lima_process_id lima_process_get_id(const lima_process *process)
{
    return process->id;
}

lima_stream *lima_process_stream(lima_process *process, unsigned number)
{
    return number < 3 ? process->streams[number] : NULL;
}

static lima_process_exit describe(const siginfo_t *info)
{
    lima_process_exit end = {.signaled = info->si_code != CLD_EXITED, .code = info->si_status};

    snprintf(end.text, sizeof end.text, end.signaled ? "killed by signal %d" : "exit status %d", end.code);
    return end;
}

bool lima_posix_peek_exit(const lima_process *process, lima_process_exit *ret)
{
    siginfo_t info = {0};
    int failed;

    do
        failed = waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    while (failed && errno == EINTR);
    if (failed) /* someone set SIGCHLD to be ignored: it has ended, and how is lost */
        *ret = (lima_process_exit){.code = -1, .text = "ended, exit status unknown"};
    else if (info.si_pid)
        *ret = describe(&info);
    return failed || info.si_pid;
}

/* The descriptor may become readable a moment before the exit status is there (macOS): hence the pause
 * then. */
bool lima_process_wait(lima_process *process, lima_deadline deadline, lima_wake *wake, lima_process_exit *ret,
                       lima_err *err)
{
    struct pollfd fds[2] = {[1] = {.fd = process->exit_fd, .events = POLLIN}};
    unsigned pause_ms = 1;
    bool ready = false;

    if (deadline <= lima_clock_now())
        sched_yield();
    while (!lima_posix_peek_exit(process, ret)) {
        bool ok = ready || process->exit_fd < 0 ? lima_posix_pause(&pause_ms, deadline, wake, err)
                                                : lima_posix_poll(fds, 2, deadline, wake, err);
        if (!ok)
            return lima_err_wrap(err, "process %ld", (long)process->pid);
        ready = true;
    }
    return true;
}

/* Safe even when it has ended: the zombie keeps the number, and what is left of its group still ends. */
void lima_process_end(lima_process *process, bool force)
{
    kill(process->own_group ? -process->pid : process->pid, force ? SIGKILL : SIGTERM);
}

void lima_process_free(lima_process *process)
{
    siginfo_t info = {0};

    if (!process)
        return;
    for (int i = 0; i < 3; i++)
        lima_stream_close(process->streams[i]);
    int failed = waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG);
    if (!failed && !info.si_pid)
        lima_posix_reap_later(process->pid, process->exit_fd);
    else if (process->exit_fd >= 0)
        close(process->exit_fd);
    free(process);
}
