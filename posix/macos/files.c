/* macOS: fsync leaves data in the drive's cache, F_FULLFSYNC does not. flock belongs to the open file, as
 * wanted. */
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int lima_posix_flush(int fd)
{
    /* File systems that cannot do it (network shares) refuse: then what fsync gives is all there is. */
    return fcntl(fd, F_FULLFSYNC) == -1 ? fsync(fd) : 0;
}

int lima_posix_lock(int fd)
{
    int failed;

    do
        failed = flock(fd, LOCK_EX | LOCK_NB);
    while (failed && errno == EINTR);
    return failed; /* EWOULDBLOCK is EAGAIN */
}

int lima_posix_unlock(int fd)
{
    return flock(fd, LOCK_UN);
}

int64_t lima_posix_mtime_ms(const struct stat *at)
{
    return (int64_t)at->st_mtimespec.tv_sec * 1000 + at->st_mtimespec.tv_nsec / 1000000;
}

/* Nothing public binds below an opened folder, so dir/name must fit. */
int lima_posix_bind_in(int socket, int dir_fd, const char *dir, const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    (void)dir_fd;
    if (snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", dir, name) >= (int)sizeof at.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return bind(socket, (struct sockaddr *)&at, sizeof at);
}
