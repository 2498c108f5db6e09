/* macOS: processes by pid and start time (sysctl kern.proc.pid), their end by kqueue. */
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/event.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <unistd.h>

bool lima_posix_identify(pid_t pid, lima_process_id *ret, bool *ret_zombie)
{
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, (int)pid};
    struct kinfo_proc info;
    size_t size = sizeof info;

    memset(&info, 0, sizeof info);
    if (pid <= 0 || sysctl(name, 4, &info, &size, NULL, 0) || size < sizeof info || info.kp_proc.p_pid != pid)
        return false;
    const struct timeval *start = &info.kp_proc.p_starttime;
    *ret = (lima_process_id){.pid = (uint32_t)pid,
                             .start = (uint64_t)start->tv_sec * 1000000 + (uint64_t)start->tv_usec};
    *ret_zombie = info.kp_proc.p_stat == SZOMB;
    return true;
}

/* The event is never taken out, so the queue stays readable for all who poll it. */
int lima_posix_exit_fd(pid_t pid)
{
    struct kevent end;
    int queue = kqueue();

    if (queue < 0)
        return -1;
    EV_SET(&end, (uintptr_t)pid, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, NULL);
    if (fcntl(queue, F_SETFD, FD_CLOEXEC) || kevent(queue, &end, 1, NULL, 0, NULL)) {
        int saved = errno;
        close(queue);
        errno = saved;
        return -1;
    }
    return queue;
}

/* macOS has no handle on a process: between looking and signalling the pid could change hands, for some
 * microseconds. */
int lima_posix_signal_id(lima_process_id id, int number)
{
    lima_process_id now;
    bool zombie;

    if (!lima_posix_identify((pid_t)id.pid, &now, &zombie) || now.start != id.start || zombie) {
        errno = ESRCH;
        return -1;
    }
    return kill((pid_t)id.pid, number);
}
