/* win/tcp.h on Linux, for the driver that is built as a test program. */
#include "win/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "posix/platform.h"
#include "posix/posix_err.h"
#include "posix/stream.h"
#include "posix/wait.h"

struct lima_tcp_listener {
    int fd;
};

static int refused(int number)
{
    return number == ECONNREFUSED || number == EHOSTUNREACH || number == ENETUNREACH || number == ETIMEDOUT;
}

static bool fail(lima_err *err, int number, const char *ipv4, uint16_t port)
{
    lima_posix_fail(err, number, "connect to %s:%u", ipv4, port);
    if (err && refused(number))
        err->code = LIMA_CODE_UNAVAILABLE;
    return false;
}

static bool finish_connect(int fd, lima_deadline deadline, lima_wake *wake, int *ret_number, lima_err *err)
{
    struct pollfd fds[2] = {[1] = {.fd = fd, .events = POLLOUT}};
    socklen_t len = sizeof *ret_number;

    if (!lima_posix_poll(fds, 2, deadline, wake, err))
        return false;
    return !getsockopt(fd, SOL_SOCKET, SO_ERROR, ret_number, &len);
}

bool lima_tcp_connect(const char *ipv4, uint16_t port, lima_deadline deadline, lima_wake *wake,
                      lima_stream **ret, lima_err *err)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int number = 0;

    if (inet_pton(AF_INET, ipv4, &at.sin_addr) != 1)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s' is no IPv4 address", ipv4);
    int fd = lima_posix_socket(AF_INET);
    if (fd < 0)
        return fail(err, errno, ipv4, port);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (connect(fd, (struct sockaddr *)&at, sizeof at))
        number = errno;
    bool ok = number != EINPROGRESS || finish_connect(fd, deadline, wake, &number, err);
    if (ok && number)
        ok = fail(err, number, ipv4, port);
    if (!ok) {
        close(fd);
        return false;
    }
    fcntl(fd, F_SETFL, 0);
    *ret = lima_posix_stream_new(fd, LIMA_POSIX_SOCKET);
    return true;
}

bool lima_tcp_listen(uint16_t port, lima_tcp_listener **ret, lima_err *err)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = lima_posix_socket(AF_INET), on = 1;

    /* Past connections in TIME_WAIT do not count; a listener does. */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)
        || bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 64)) {
        int number = errno;
        if (fd >= 0)
            close(fd);
        lima_posix_fail(err, number, "listen on 127.0.0.1:%u", port);
        if (err && number == EADDRINUSE)
            err->code = LIMA_CODE_ALREADY_EXISTS;
        return false;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    *ret = lima_mem_zalloc(1, sizeof **ret);
    (*ret)->fd = fd;
    return true;
}

bool lima_tcp_accept(lima_tcp_listener *listener, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                     lima_err *err)
{
    for (;;) {
        struct pollfd fds[2] = {[1] = {.fd = listener->fd, .events = POLLIN}};
        if (!lima_posix_poll(fds, 2, deadline, wake, err))
            return lima_err_wrap(err, "accept a connection");
        int fd = lima_posix_accept(listener->fd);
        if (fd >= 0) {
            *ret = lima_posix_stream_new(fd, LIMA_POSIX_SOCKET);
            return true;
        }
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            return lima_posix_fail(err, errno, "accept a connection");
    }
}

void lima_tcp_close(lima_tcp_listener *listener)
{
    if (!listener)
        return;
    close(listener->fd);
    free(listener);
}
