/* win/file_use.h: the stand-in holds an flock on a disk as long as the VM has it attached; tests may do
 * the same. */
#define _GNU_SOURCE
#include "win/file_use.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

bool lima_file_in_use(const char *path, bool *ret, lima_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return lima_err_set(err,
                            errno == ENOENT || errno == ENOTDIR ? LIMA_CODE_NOT_FOUND : LIMA_CODE_UNKNOWN,
                            "'%s': %s", path, strerror(errno));
    *ret = flock(fd, LOCK_SH | LOCK_NB) != 0;
    close(fd);
    return true;
}
