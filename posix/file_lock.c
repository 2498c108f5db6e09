/* Locks on a file that stays. No system call waits for a lock with a deadline, so a held lock is tried again,
 * after pauses that grow to LIMA_POSIX_PAUSE_MAX. After taking it the name is looked at once more: a lock on
 * a file that was removed meanwhile excludes nobody. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "fd.h"
#include "platform.h"
#include "posix_err.h"
#include "wait.h"

struct lima_file_lock {
    int fd;
};

typedef enum attempt { TAKEN, HELD, REPLACED, FAILED } attempt;

static attempt try_lock(const char *path, int *ret_fd, lima_err *err)
{
    struct stat own, named;
    int fd = lima_posix_open_regular(path, O_RDWR | O_CREAT | O_NOFOLLOW, &own, err);
    attempt result = TAKEN;

    if (fd < 0)
        return FAILED;
    if (lima_posix_lock(fd)) {
        result = errno == EAGAIN ? HELD : FAILED;
        if (result == FAILED)
            lima_posix_fail(err, errno, "'%s': lock", path);
    } else if (lstat(path, &named) || named.st_ino != own.st_ino || named.st_dev != own.st_dev) {
        result = REPLACED;
    }
    if (result == TAKEN)
        *ret_fd = fd;
    else
        close(fd);
    return result;
}

bool lima_file_lock_take(const char *path, lima_deadline deadline, lima_file_lock **ret, lima_err *err)
{
    unsigned pause_ms = 1;
    attempt result;
    int fd = -1;

    do
        result = try_lock(path, &fd, err);
    while ((result == HELD || result == REPLACED) && lima_posix_pause(&pause_ms, deadline, NULL, NULL));
    if (result == HELD || result == REPLACED)
        return lima_err_set(err, LIMA_CODE_UNAVAILABLE, "'%s': locked by another process", path);
    if (result != TAKEN)
        return false;
    *ret = lima_mem_zalloc(1, sizeof **ret);
    (*ret)->fd = fd;
    return true;
}

void lima_file_lock_release(lima_file_lock *lock)
{
    if (!lock)
        return;
    lima_posix_unlock(lock->fd);
    close(lock->fd);
    free(lock);
}
