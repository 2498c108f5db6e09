/* Looking at files, reading them whole, naming and removing them. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/path.h"
#include "fd.h"
#include "os/shared/shared.h"
#include "platform.h"
#include "posix_err.h"

static lima_file_kind kind_of(mode_t mode)
{
    if (S_ISREG(mode))
        return LIMA_FILE_REGULAR;
    if (S_ISDIR(mode))
        return LIMA_FILE_DIR;
    if (S_ISLNK(mode))
        return LIMA_FILE_LINK;
    return S_ISSOCK(mode) ? LIMA_FILE_SOCKET : LIMA_FILE_OTHER;
}

bool lima_file_stat(const char *path, bool follow, lima_file_info *ret, lima_err *err)
{
    struct stat at;

    if (follow ? stat(path, &at) : lstat(path, &at)) {
        if (errno != ENOENT && errno != ENOTDIR)
            return lima_posix_fail(err, errno, "'%s'", path);
        *ret = (lima_file_info){0};
        return true;
    }
    *ret = (lima_file_info){
        .kind = kind_of(at.st_mode),
        .mine = at.st_uid == geteuid(),
        .others_write = (at.st_mode & (S_IWGRP | S_IWOTH)) != 0,
        .size = (uint64_t)at.st_size,
        .mtime_ms = lima_posix_mtime_ms(&at),
        .device = (uint64_t)at.st_dev,
        .id = (uint64_t)at.st_ino,
    };
    return true;
}

int lima_posix_open_regular(const char *path, int flags, struct stat *ret, lima_err *err)
{
    struct stat at;
    /* O_NONBLOCK: a FIFO without a writer must not hold us up before we have seen that it is one. */
    int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);

    if (fd < 0 && (errno == ENXIO || errno == EISDIR))
        lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s': not a regular file", path);
    else if (fd < 0)
        lima_posix_fail(err, errno, "'%s'", path);
    if (fd < 0)
        return -1;
    if (fstat(fd, &at) || !S_ISREG(at.st_mode)) {
        lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s': not a regular file", path);
        close(fd);
        return -1;
    }
    *ret = at;
    return fd;
}

typedef struct source {
    int fd;
    const char *path;
} source;

static bool read_some(void *from, char *into, size_t len, size_t *ret_len, lima_err *err)
{
    const source *at = from;
    ssize_t n;

    do
        n = read(at->fd, into, len);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return lima_posix_fail(err, errno, "'%s'", at->path);
    *ret_len = (size_t)n;
    return true;
}

bool lima_file_read(const char *path, lima_buf *into, lima_err *err)
{
    struct stat at;
    int fd = lima_posix_open_regular(path, O_RDONLY, &at, err);
    source from = {.fd = fd, .path = path};

    if (fd < 0)
        return false;
    bool ok = lima_shared_read_all(read_some, &from, path, into, err);
    close(fd);
    return ok;
}

bool lima_file_remove(const char *path, lima_err *err)
{
    struct stat at;

    /* unlink(2) of a folder gives EPERM or EISDIR, by system: say the same on all. */
    if (!lstat(path, &at) && S_ISDIR(at.st_mode))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s': a folder, not a file", path);
    if (unlink(path) && errno != ENOENT && errno != ENOTDIR)
        return lima_posix_fail(err, errno, "'%s': remove", path);
    return true;
}

bool lima_posix_flush_dir_of(const char *path, lima_err *err)
{
    char *dir = lima_path_dir(path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* A folder that may not be read, or a file system that cannot flush folders: nothing more can be done. */
    bool ok = fd < 0 || !lima_posix_flush(fd) || errno != EIO
              || lima_posix_fail(err, EIO, "'%s': flush folder", dir);

    if (fd >= 0)
        close(fd);
    free(dir);
    return ok;
}

/* Content first, then the name: a name that survives a power cut must not be one of nothing. What cannot be
 * opened (a socket) has none. */
static bool flush_content(const char *path, lima_err *err)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return true;
    bool ok = !lima_posix_flush(fd) || lima_posix_fail(err, errno, "'%s': flush", path);
    close(fd);
    return ok;
}

bool lima_file_rename(const char *from, const char *to, lima_err *err)
{
    if (!flush_content(from, err))
        return false;
    if (rename(from, to))
        return lima_posix_fail(err, errno, "'%s': rename to '%s'", from, to);
    return lima_posix_flush_dir_of(to, err);
}

bool lima_file_free_space(const char *path, uint64_t *ret_bytes, lima_err *err)
{
    struct statvfs at;

    if (statvfs(path, &at))
        return lima_posix_fail(err, errno, "'%s'", path);
    *ret_bytes = (uint64_t)at.f_bavail * at.f_frsize;
    return true;
}
