/* Children that still run when their handle is freed. One thread waits for all of them, exists only while
 * there are any, and is never joined: a child may outlive everything else here. No SIGCHLD handler, which
 * would get in the way of other libraries, and no wait for "any child", which would steal theirs. */
#include "process.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "platform.h"

enum { LOOK_MS = 500 }; /* how often, where there is no descriptor to wait for */

typedef struct orphan {
    pid_t pid;
    int exit_fd;
} orphan;

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER; /* all below */
static orphan *orphans;
static size_t orphan_count, orphan_cap;
static bool running;
static int news[2] = {-1, -1}; /* a byte here: the list has grown */

static bool is_gone(pid_t pid)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG) ? errno != EINTR : info.si_pid != 0;
}

static void reap(void)
{
    size_t kept = 0;

    for (size_t i = 0; i < orphan_count; i++) {
        if (!is_gone(orphans[i].pid))
            orphans[kept++] = orphans[i];
        else if (orphans[i].exit_fd >= 0)
            close(orphans[i].exit_fd);
    }
    orphan_count = kept;
}

/* The list as poll(2) wants it, owned; *ret_timeout is set when something in it cannot be waited for. */
static struct pollfd *list_fds(size_t *ret_count, int *ret_timeout)
{
    struct pollfd *fds = lima_mem_zalloc(orphan_count + 1, sizeof *fds);

    *ret_timeout = news[0] < 0 ? LOOK_MS : -1;
    fds[0] = (struct pollfd){.fd = news[0], .events = POLLIN};
    for (size_t i = 0; i < orphan_count; i++) {
        fds[i + 1] = (struct pollfd){.fd = orphans[i].exit_fd, .events = POLLIN};
        if (orphans[i].exit_fd < 0)
            *ret_timeout = LOOK_MS;
    }
    *ret_count = orphan_count + 1;
    return fds;
}

static void *run(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&guard);
    while (reap(), orphan_count > 0) {
        size_t count;
        int timeout_ms;
        uint64_t seen;
        struct pollfd *fds = list_fds(&count, &timeout_ms);
        pthread_mutex_unlock(&guard);
        if (poll(fds, (nfds_t)count, timeout_ms) > 0 && fds[0].revents
            && read(fds[0].fd, &seen, sizeof seen) < 0)
            poll(NULL, 0, LOOK_MS); /* cannot be; but must not spin */
        free(fds);
        pthread_mutex_lock(&guard);
    }
    running = false;
    pthread_mutex_unlock(&guard);
    return NULL;
}

/* Without a thread (none to be had) the zombies stay until the next call. */
static void ensure_thread(void)
{
    static const uint64_t one = 1;
    pthread_attr_t detached;
    pthread_t thread;

    if (running) {
        if (news[1] >= 0 && write(news[1], &one, sizeof one) < 0)
            return; /* full: it has plenty of news to come back for */
        return;
    }
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    running = !pthread_create(&thread, &detached, run, NULL);
    pthread_attr_destroy(&detached);
}

void lima_posix_reap_later(pid_t pid, int exit_fd)
{
    pthread_mutex_lock(&guard);
    if (news[0] < 0 && lima_posix_wake_open(news))
        news[0] = news[1] = -1;
    if (orphan_count == orphan_cap) {
        orphan_cap = orphan_cap ? orphan_cap * 2 : 8;
        orphans = lima_mem_resize(orphans, orphan_cap, sizeof *orphans);
    }
    orphans[orphan_count++] = (orphan){.pid = pid, .exit_fd = exit_fd};
    reap();
    if (orphan_count > 0)
        ensure_thread();
    pthread_mutex_unlock(&guard);
}
