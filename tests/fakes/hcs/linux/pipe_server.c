/* win/pipe_server.h: local sockets <state>/pipes/NAME play named pipes (hcssim/comports.py). */
#define _GNU_SOURCE /* O_PATH */
#include "win/pipe_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/host.h"
#include "posix/platform.h"
#include "posix/posix_err.h"
#include "posix/stream.h"
#include "posix/wait.h"

struct lima_pipe_server {
    char *path;
    int fd;
    bool had; /* its client */
};

/* By way of the open folder: a local socket's path has little room. False: errno tells. */
static bool address_of(int folder, const char *name, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    int len = snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/%s", folder, name);
    errno = ENAMETOOLONG;
    return len < (int)sizeof ret->sun_path;
}

/* A pipe goes with its server; a socket's file stays when that is killed. */
static bool is_dead(const struct sockaddr_un *at)
{
    int fd = lima_posix_socket(AF_UNIX);
    bool dead = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) && errno == ECONNREFUSED;

    if (fd >= 0)
        close(fd);
    return dead;
}

static bool bind_to(int fd, const struct sockaddr_un *at)
{
    if (!bind(fd, (const struct sockaddr *)at, sizeof *at))
        return true;
    if (errno == EADDRINUSE && is_dead(at))
        return !unlink(at->sun_path) && !bind(fd, (const struct sockaddr *)at, sizeof *at);
    errno = EADDRINUSE;
    return false;
}

static bool bind_in(int fd, const char *folder, const char *name)
{
    struct sockaddr_un at;
    int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool ok = dir >= 0 && address_of(dir, name, &at) && bind_to(fd, &at);
    int number = errno;

    if (dir >= 0)
        close(dir);
    errno = number;
    return ok;
}

static bool serve(lima_pipe_server *server, const char *folder, const char *name, lima_err *err)
{
    server->fd = lima_posix_socket(AF_UNIX);
    if (server->fd >= 0 && bind_in(server->fd, folder, name) && !listen(server->fd, 1)) {
        server->path = lima_mem_printf("%s/%s", folder, name);
        fcntl(server->fd, F_SETFL, O_NONBLOCK);
        return true;
    }
    int number = errno;
    lima_posix_fail(err, number, "pipe '%s'", name);
    if (err && number == EADDRINUSE)
        err->code = LIMA_CODE_ALREADY_EXISTS;
    return false;
}

bool lima_pipe_listen(const char *name, lima_pipe_server **ret, lima_err *err)
{
    const char *last = strrchr(name, '\\');
    char *state = lima_env_get("HCSSIM_STATE");
    char *folder = lima_mem_printf("%s/pipes", state ? state : "");
    lima_pipe_server *server = lima_mem_zalloc(1, sizeof *server);

    server->fd = -1;
    bool ok = last ? serve(server, folder, last + 1, err)
                   : lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s' is no name of a pipe", name);

    if (ok)
        *ret = server;
    else
        lima_pipe_close(server);
    free(folder);
    free(state);
    return ok;
}

bool lima_pipe_accept(lima_pipe_server *server, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                      lima_err *err)
{
    if (server->had)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "the pipe has had its client");
    for (;;) {
        struct pollfd fds[2] = {[1] = {.fd = server->fd, .events = POLLIN}};
        if (!lima_posix_poll(fds, 2, deadline, wake, err))
            return lima_err_wrap(err, "wait for a client of the pipe");
        int fd = lima_posix_accept(server->fd);
        server->had = fd >= 0;
        if (fd >= 0) {
            *ret = lima_posix_stream_new(fd, LIMA_POSIX_SOCKET);
            return true;
        }
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            return lima_posix_fail(err, errno, "wait for a client of the pipe");
    }
}

void lima_pipe_close(lima_pipe_server *server)
{
    if (!server)
        return;
    if (server->path)
        unlink(server->path);
    if (server->fd >= 0)
        close(server->fd);
    free(server->path);
    free(server);
}
