/* Symbolic links: Lima's locks on additional disks are such (in_use_by). */
#include <errno.h>
#include <unistd.h>

#include "os/file.h"
#include "posix_err.h"

bool lima_file_link_make(const char *path, const char *target, lima_err *err)
{
    if (symlink(target, path) != 0)
        return lima_posix_fail(err, errno, "'%s': make a link", path);
    return true;
}
