/* Symbolic links: Lima's locks on additional disks are such (in_use_by). */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/file.h"
#include "posix_err.h"

bool lima_file_link_make(const char *path, const char *target, lima_err *err)
{
    if (symlink(target, path) != 0)
        return lima_posix_fail(err, errno, "'%s': make a link", path);
    return true;
}

bool lima_file_link_read(const char *path, char **ret_target, lima_err *err)
{
    char target[PATH_MAX];
    ssize_t len = readlink(path, target, sizeof target);

    if (len < 0 && errno == EINVAL)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "'%s': is no symbolic link", path);
    if (len < 0)
        return lima_posix_fail(err, errno, "'%s': read the link", path);
    *ret_target = lima_mem_strndup(target, (size_t)len);
    return true;
}
