/* Other processes, told apart by pid and start time. */
#include "os/process.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "platform.h"
#include "posix_err.h"
#include "wait.h"

bool lima_process_find(uint32_t pid, lima_process_id *ret)
{
    lima_process_id id;
    bool zombie;

    if (pid > INT32_MAX || !lima_posix_identify(pid ? (pid_t)pid : getpid(), &id, &zombie) || zombie)
        return false;
    *ret = id;
    return true;
}

static bool is_gone(lima_process_id id)
{
    lima_process_id now;

    return id.pid == 0 || !lima_process_find(id.pid, &now) || now.start != id.start;
}

/* The descriptor comes before the look at the identity: if that still is the wanted one, the descriptor is of
 * that process. */
bool lima_process_wait_id(lima_process_id id, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    struct pollfd fds[2] = {[1] = {.fd = id.pid ? lima_posix_exit_fd((pid_t)id.pid) : -1, .events = POLLIN}};
    unsigned pause_ms = 1;
    bool ready = false, ok = true;

    while (ok && !is_gone(id)) {
        ok = ready || fds[1].fd < 0 ? lima_posix_pause(&pause_ms, deadline, wake, err)
                                    : lima_posix_poll(fds, 2, deadline, wake, err);
        ready = true;
    }
    if (fds[1].fd >= 0)
        close(fds[1].fd);
    return ok || lima_err_wrap(err, "process %lu", (unsigned long)id.pid);
}

bool lima_process_end_id(lima_process_id id, bool force, lima_err *err)
{
    if (id.pid == 0 || id.pid > INT32_MAX || !lima_posix_signal_id(id, force ? SIGKILL : SIGTERM)
        || errno == ESRCH)
        return true;
    return lima_posix_fail(err, errno, "end process %lu", (unsigned long)id.pid);
}
