/* A listening socket that nobody else can connect to for a single instant.
 *
 * bind(2) gives the file the permissions that the umask leaves, and connecting works from listen(2) on; a
 * chmod after that is too late, and the umask belongs to all threads. So the socket is made inside a fresh
 * folder of mode 0700, gets mode 0600, listens, and only then is renamed into place: it appears whole or not
 * at all, and a stale socket file there is replaced in the same step.
 *
 * The folder (".sk-" and four letters) is locked while it is in use. One that is not locked was left by a
 * process that was killed in between; the next opening beside it removes it, with the socket in it and never
 * more than that. */
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/path.h"
#include "fd.h"
#include "os/shared/shared.h"
#include "platform.h"
#include "posix_err.h"
#include "stream.h"

#define FOLDER_PREFIX ".sk-"
#define SOCKET_NAME "s"

enum { FOLDER_LETTERS = 4, FOLDER_TRIES = 100 };

typedef struct hideout {
    char *path;
    int fd; /* holds the lock */
} hideout;

static bool lock_folder(int fd)
{
    return !flock(fd, LOCK_EX | LOCK_NB);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Between making a folder and locking it another process may sweep it away: then it is not ours. */
static bool hold_folder(hideout *folder)
{
    struct stat opened, named;

    folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder->fd < 0)
        return false;
    if (lock_folder(folder->fd) && !fstat(folder->fd, &opened) && !lstat(folder->path, &named)
        && same_file(&opened, &named))
        return true;
    close(folder->fd);
    errno = ENOENT;
    return false;
}

static bool make_folder(const char *beside, hideout *ret, lima_err *err)
{
    for (int i = 0; i < FOLDER_TRIES; i++) {
        char name[16];
        if (!lima_posix_random_name(FOLDER_PREFIX, FOLDER_LETTERS, "", name, sizeof name))
            break;
        hideout made = {.path = lima_path_join(beside, name)};
        if (!mkdir(made.path, 0700) && hold_folder(&made)) {
            *ret = made;
            return true;
        }
        free(made.path);
        if (errno != EEXIST && errno != ENOENT)
            break;
        if (errno == ENOENT && access(beside, F_OK))
            break;
    }
    lima_posix_fail(err, errno, "make a private folder in '%s'", beside);
    return false;
}

static void drop_folder(hideout *folder)
{
    unlinkat(folder->fd, SOCKET_NAME, 0);
    rmdir(folder->path);
    close(folder->fd);
    free(folder->path);
}

/* Best effort: what cannot be removed stays. */
static void sweep_one(const char *path)
{
    struct stat at;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return;
    if (!fstat(fd, &at) && at.st_uid == geteuid() && (at.st_mode & 0777) == 0700 && lock_folder(fd)) {
        if (!fstatat(fd, SOCKET_NAME, &at, AT_SYMLINK_NOFOLLOW) && S_ISSOCK(at.st_mode))
            unlinkat(fd, SOCKET_NAME, 0);
        rmdir(path); /* fails, as it should, when anything else is in there */
    }
    close(fd);
}

static bool bind_and_rename(int fd, const hideout *folder, const char *path, struct stat *ret_file)
{
    return !lima_posix_bind_in(fd, folder->fd, folder->path, SOCKET_NAME) && !listen(fd, SOMAXCONN)
           && !fchmodat(folder->fd, SOCKET_NAME, 0600, 0)
           && !fstatat(folder->fd, SOCKET_NAME, ret_file, AT_SYMLINK_NOFOLLOW)
           && !renameat(folder->fd, SOCKET_NAME, AT_FDCWD, path);
}

static int listen_in(const char *dir, const char *path, struct stat *ret_file, lima_err *err)
{
    hideout folder = {0};
    int fd = -1;

    if (!make_folder(dir, &folder, err))
        return -1;
    fd = lima_posix_socket(AF_UNIX);
    if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) || !bind_and_rename(fd, &folder, path, ret_file)) {
        lima_posix_fail(err, errno, "listen");
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    drop_folder(&folder);
    return fd;
}

int lima_posix_listen_at(const char *path, struct stat *ret_file, lima_err *err)
{
    struct sockaddr_un at;

    if (!lima_posix_address(path, &at, err) || !lima_shared_check_place(path, err))
        return -1;
    char *dir = lima_path_dir(path);
    lima_shared_sweep(dir, FOLDER_PREFIX, FOLDER_LETTERS, sweep_one);
    int fd = listen_in(dir, path, ret_file, err);
    if (fd < 0)
        lima_err_wrap(err, "socket '%s'", path);
    free(dir);
    return fd;
}
