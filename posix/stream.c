/* Streams over sockets and pipes. Every step first tries, then waits in lima_posix_poll; nothing here blocks
 * elsewhere, except a terminal or file behind standard output, which poll(2) cannot tell. Not for TCP. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/shared/shared.h"
#include "platform.h"
#include "posix_err.h"
#include "wait.h"

struct lima_stream {
    int fd; /* -1: a pipe whose writing has ended */
    lima_posix_stream_kind kind;
    bool watched;
};

lima_stream *lima_posix_stream_new(int fd, lima_posix_stream_kind kind)
{
    lima_stream *stream = lima_mem_zalloc(1, sizeof *stream);

    if (kind == LIMA_POSIX_PIPE)
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    *stream = (lima_stream){.fd = fd, .kind = kind};
    return stream;
}

int lima_posix_stream_fd(const lima_stream *stream)
{
    return stream->fd;
}

void lima_posix_stream_set_watched(lima_stream *stream)
{
    stream->watched = true;
}

bool lima_posix_address(const char *path, struct sockaddr_un *ret, lima_err *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    if (!lima_shared_check_address(path, sizeof at.sun_path - 1, err))
        return false;
    memcpy(at.sun_path, path, strlen(path) + 1);
    *ret = at;
    return true;
}

/* A socket whose queue of waiting connections is full answers EAGAIN on Linux, for which poll(2) cannot
 * wait. */
static bool connect_within(int fd, const struct sockaddr_un *at, lima_deadline deadline, lima_err *err)
{
    unsigned pause_ms = 1;

    for (;;) {
        if (!connect(fd, (const struct sockaddr *)at, sizeof *at) || errno == EISCONN)
            return true;
        if (errno != EAGAIN && errno != EINTR)
            return lima_posix_fail(err, errno, "socket '%s'", at->sun_path);
        if (!lima_posix_pause(&pause_ms, deadline, NULL, err))
            return lima_err_wrap(err, "socket '%s'", at->sun_path);
    }
}

bool lima_stream_connect(const char *path, lima_deadline deadline, lima_stream **ret, lima_err *err)
{
    struct sockaddr_un at;

    if (!lima_posix_address(path, &at, err))
        return false;
    int fd = lima_posix_socket(AF_UNIX);
    if (fd < 0)
        return lima_posix_fail(err, errno, "socket '%s'", path);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (!connect_within(fd, &at, deadline, err)) {
        close(fd);
        return false;
    }
    fcntl(fd, F_SETFL, 0);
    *ret = lima_posix_stream_new(fd, LIMA_POSIX_SOCKET);
    return true;
}

bool lima_stream_pair(lima_stream **ret_a, lima_stream **ret_b, lima_err *err)
{
    int fds[2];

    if (lima_posix_socket_pair(fds))
        return lima_posix_fail(err, errno, "make a pair of streams");
    *ret_a = lima_posix_stream_new(fds[0], LIMA_POSIX_SOCKET);
    *ret_b = lima_posix_stream_new(fds[1], LIMA_POSIX_SOCKET);
    return true;
}

static bool wait_ready(const lima_stream *stream, short events, lima_deadline deadline, lima_wake *wake,
                       lima_err *err)
{
    struct pollfd fds[2] = {[1] = {.fd = stream->fd, .events = events}};

    return lima_posix_poll(fds, 2, deadline, wake, err);
}

static ssize_t receive(const lima_stream *stream, void *into, size_t len)
{
    return stream->kind == LIMA_POSIX_SOCKET ? recv(stream->fd, into, len, MSG_DONTWAIT)
                                             : read(stream->fd, into, len);
}

static bool try_again(void)
{
    return errno == EAGAIN || errno == EINTR; /* EWOULDBLOCK is EAGAIN on both systems */
}

bool lima_stream_read(lima_stream *stream, void *into, size_t len, lima_deadline deadline, lima_wake *wake,
                      size_t *ret_len, lima_err *err)
{
    for (;;) {
        if (!wait_ready(stream, POLLIN, deadline, wake, err))
            return lima_err_wrap(err, "read from stream");
        ssize_t n = receive(stream, into, len);
        if (n >= 0) {
            *ret_len = (size_t)n;
            return true;
        }
        if (!try_again())
            return lima_posix_fail(err, errno, "read from stream");
    }
}

/* poll(2) promises room for PIPE_BUF bytes: a blocking descriptor takes so many at once without blocking. */
static ssize_t transmit(const lima_stream *stream, const void *bytes, size_t len)
{
    if (stream->kind == LIMA_POSIX_SOCKET)
        return lima_posix_send(stream->fd, bytes, len);
    if (stream->kind == LIMA_POSIX_FOREIGN && len > PIPE_BUF)
        len = PIPE_BUF;
    return lima_posix_write(stream->fd, bytes, len);
}

bool lima_stream_write(lima_stream *stream, const void *bytes, size_t len, lima_deadline deadline,
                       lima_wake *wake, lima_err *err)
{
    const char *at = bytes;

    if (stream->fd < 0)
        return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "write to stream: its writing has ended");
    while (len > 0) {
        if (!wait_ready(stream, POLLOUT, deadline, wake, err))
            return lima_err_wrap(err, "write to stream");
        ssize_t n = transmit(stream, at, len);
        if (n < 0 && !try_again())
            return lima_posix_fail(err, errno, "write to stream");
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
    }
    return true;
}

void lima_stream_end_write(lima_stream *stream)
{
    if (stream->kind == LIMA_POSIX_SOCKET) {
        shutdown(stream->fd, SHUT_WR);
    } else if (stream->fd >= 0) {
        close(stream->fd);
        stream->fd = -1;
    }
}

void lima_stream_close(lima_stream *stream)
{
    if (!stream)
        return;
    if (stream->watched)
        shutdown(stream->fd, SHUT_RDWR);
    if (stream->fd >= 0)
        close(stream->fd);
    free(stream);
}

intptr_t lima_stream_release(lima_stream *stream)
{
    int fd = stream->fd;

    if (stream->kind == LIMA_POSIX_SOCKET)
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    free(stream);
    return fd;
}
