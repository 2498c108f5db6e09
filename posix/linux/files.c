/* Linux: flushing, locks of open files, and binding below an opened folder. */
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int lima_posix_flush(int fd)
{
    return fsync(fd);
}

/* Locks of the open file description: two of one process exclude each other, and closing an unrelated
 * descriptor of the file does not drop them (both are wrong with F_SETLK). */
static int set_lock(int fd, short type)
{
    struct flock whole = {.l_type = type, .l_whence = SEEK_SET};
    int failed;

    do
        failed = fcntl(fd, F_OFD_SETLK, &whole);
    while (failed && errno == EINTR);
    if (failed && errno == EACCES)
        errno = EAGAIN;
    return failed;
}

int lima_posix_lock(int fd)
{
    return set_lock(fd, F_WRLCK);
}

int lima_posix_unlock(int fd)
{
    return set_lock(fd, F_UNLCK);
}

int64_t lima_posix_mtime_ms(const struct stat *at)
{
    return (int64_t)at->st_mtim.tv_sec * 1000 + at->st_mtim.tv_nsec / 1000000;
}

/* Through /proc the address stays short however long `dir` is, and a folder put in its place meanwhile
 * changes nothing. */
int lima_posix_bind_in(int socket, int dir_fd, const char *dir, const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/%s", dir_fd, name);
    if (!bind(socket, (struct sockaddr *)&at, sizeof at))
        return 0;
    if (errno != ENOENT) /* else: no /proc here */
        return -1;
    if (snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", dir, name) >= (int)sizeof at.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return bind(socket, (struct sockaddr *)&at, sizeof at);
}
