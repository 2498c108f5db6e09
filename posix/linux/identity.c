/* Linux: processes by pid and start time (/proc/PID/stat), held by pidfd where the kernel has them (5.3).
 *
 * System calls by number: glibc has wrappers for these only since 2.36. */
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STATE_FIELD = 3, START_FIELD = 22 }; /* proc(5) counts from 1 */

static int pidfd_of(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool read_stat(pid_t pid, char *text, size_t size)
{
    char path[48];

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, size - 1); /* one read gives all of it */
    close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    return true;
}

/* "PID (name) S ppid …": the name may hold spaces and parentheses, so counting begins behind the last one. */
static bool parse_stat(const char *text, char *ret_state, uint64_t *ret_start)
{
    const char *at = strrchr(text, ')');
    char state;

    if (!at || sscanf(at + 1, " %c", &state) != 1)
        return false;
    at++;
    for (int field = STATE_FIELD; field < START_FIELD; field++) {
        at = strchr(at + 1, ' ');
        if (!at)
            return false;
    }
    if (sscanf(at, " %" SCNu64, ret_start) != 1)
        return false;
    *ret_state = state;
    return true;
}

/* /proc answers for the number of any thread, kill(2) too; only a process has a pidfd. */
static bool is_thread_only(pid_t pid)
{
    int fd = pidfd_of(pid);

    if (fd >= 0)
        close(fd);
    return fd < 0 && (errno == EINVAL || errno == ENOENT);
}

bool lima_posix_identify(pid_t pid, lima_process_id *ret, bool *ret_zombie)
{
    char text[1024], state;
    lima_process_id id = {.pid = (uint32_t)pid};

    if (pid <= 0 || !read_stat(pid, text, sizeof text) || !parse_stat(text, &state, &id.start))
        return false;
    if (is_thread_only(pid))
        return false;
    *ret = id;
    *ret_zombie = state == 'Z' || state == 'X';
    return true;
}

int lima_posix_exit_fd(pid_t pid)
{
    return pidfd_of(pid);
}

/* The pidfd comes first: when the start time read after it still is the wanted one, it holds the wanted
 * process. Kernels without pidfds leave a moment in which the number could change hands. */
int lima_posix_signal_id(lima_process_id id, int number)
{
    lima_process_id now;
    bool zombie;
    int fd = pidfd_of((pid_t)id.pid);
    int failed;

    if (!lima_posix_identify((pid_t)id.pid, &now, &zombie) || now.start != id.start || zombie) {
        errno = ESRCH;
        failed = -1;
    } else if (fd >= 0) {
        failed = (int)syscall(SYS_pidfd_send_signal, fd, number, NULL, 0);
    } else {
        failed = kill((pid_t)id.pid, number);
    }
    int saved = errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
    return failed;
}
