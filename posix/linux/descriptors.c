/* Linux: descriptors that exec closes from the first instant, and writing without signals. */
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int lima_posix_pipe(int ret_fds[2])
{
    return pipe2(ret_fds, O_CLOEXEC);
}

int lima_posix_socket(int domain)
{
    return socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int lima_posix_socket_pair(int ret_fds[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret_fds);
}

int lima_posix_accept(int listening)
{
    return accept4(listening, NULL, NULL, SOCK_CLOEXEC);
}

ssize_t lima_posix_send(int socket, const void *bytes, size_t len)
{
    return send(socket, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* SIGPIPE goes to the thread that writes: it is held back, and taken away if this write raised it. So this
 * works whatever the program does with SIGPIPE. */
ssize_t lima_posix_write(int pipe, const void *bytes, size_t len)
{
    static const struct timespec now = {0};
    sigset_t only, before, pending;

    sigemptyset(&only);
    sigaddset(&only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &only, &before);
    sigpending(&pending);
    ssize_t n = write(pipe, bytes, len);
    int saved = errno;
    if (n < 0 && saved == EPIPE && !sigismember(&pending, SIGPIPE))
        while (sigtimedwait(&only, NULL, &now) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return n;
}

int lima_posix_peer_uid(int socket, uid_t *ret)
{
    struct ucred peer;
    socklen_t len = sizeof peer;

    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &len))
        return -1;
    *ret = peer.uid;
    return 0;
}

int lima_posix_wake_open(int ret_fds[2])
{
    int fd = eventfd(0, EFD_CLOEXEC);

    if (fd < 0)
        return -1;
    ret_fds[0] = ret_fds[1] = fd;
    return 0;
}
