/* macOS: no call makes a descriptor that exec closes from the first instant. Children of this project get
 * none anyway (POSIX_SPAWN_CLOEXEC_DEFAULT, spawn.c); the flag set here right afterwards is for libraries
 * that fork by themselves. */
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Close-on-exec, and no SIGPIPE: pipes take a flag, sockets an option. Returns fd, or closes it. */
static int tame(int fd, bool is_socket)
{
    static const int on = 1;

    if (fd < 0)
        return -1;
    int failed = fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (!failed)
        failed = is_socket ? setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on)
                           : fcntl(fd, F_SETNOSIGPIPE, 1);
    /* A socket whose peer has gone already refuses options: the first use of it will tell. */
    if (!failed || (is_socket && errno == EINVAL))
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int tame_both(int fds[2], int ret_fds[2], bool is_socket)
{
    int first = tame(fds[0], is_socket);
    int second = tame(fds[1], is_socket);
    if (first < 0 || second < 0) {
        int saved = errno;
        if (first >= 0)
            close(first);
        if (second >= 0)
            close(second);
        errno = saved;
        return -1;
    }
    ret_fds[0] = first;
    ret_fds[1] = second;
    return 0;
}

int lima_posix_pipe(int ret_fds[2])
{
    int fds[2];

    return pipe(fds) ? -1 : tame_both(fds, ret_fds, false);
}

int lima_posix_socket(int domain)
{
    return tame(socket(domain, SOCK_STREAM, 0), true);
}

int lima_posix_socket_pair(int ret_fds[2])
{
    int fds[2];

    return socketpair(AF_UNIX, SOCK_STREAM, 0, fds) ? -1 : tame_both(fds, ret_fds, true);
}

int lima_posix_accept(int listening)
{
    int fd = tame(accept(listening, NULL, NULL), true);

    /* Unlike on Linux the new socket takes O_NONBLOCK over from the listening one. */
    if (fd >= 0)
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    return fd;
}

ssize_t lima_posix_send(int socket, const void *bytes, size_t len)
{
    return send(socket, bytes, len, MSG_DONTWAIT);
}

ssize_t lima_posix_write(int pipe, const void *bytes, size_t len)
{
    fcntl(pipe, F_SETNOSIGPIPE, 1); /* standard output comes from outside, without the flag */
    return write(pipe, bytes, len);
}

int lima_posix_peer_uid(int socket, uid_t *ret)
{
    gid_t group;

    return getpeereid(socket, ret, &group);
}

int lima_posix_wake_open(int ret_fds[2])
{
    return lima_posix_pipe(ret_fds);
}
