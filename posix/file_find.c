/* Real paths, and programs on PATH. */
#include "os/file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "posix_err.h"

bool lima_file_real_path(const char *path, char **ret, lima_err *err)
{
    char *real = realpath(path, NULL);

    if (!real)
        return lima_posix_fail(err, errno, "'%s'", path);
    *ret = real;
    return true;
}

/* Absolute, but links stay: many programs look at the name under which they were started. */
static char *absolute(const char *path)
{
    char here[PATH_MAX];

    if (lima_path_is_absolute(path) || !getcwd(here, sizeof here))
        return lima_mem_strdup(path);
    return lima_path_join(here, path);
}

/* 0, or why this file cannot be executed. */
static int executable(const char *path)
{
    struct stat at;

    if (stat(path, &at))
        return errno;
    if (!S_ISREG(at.st_mode))
        return EACCES;
    return access(path, X_OK) ? errno : 0;
}

/* An empty field of PATH would mean the current folder; it is passed over. */
static char *search(const char *name, int *ret_failed)
{
    char *path = lima_mem_strdup(getenv("PATH"));
    lima_strv dirs = {0};
    char *found = NULL;

    lima_str_split(path ? path : "/usr/local/bin:/usr/bin:/bin", ':', &dirs);
    *ret_failed = ENOENT;
    for (size_t i = 0; !found && i < dirs.len; i++) {
        if (lima_str_empty(dirs.items[i]))
            continue;
        char *candidate = lima_path_join(dirs.items[i], name);
        int failed = executable(candidate);
        if (!failed)
            found = absolute(candidate);
        else if (failed == EACCES
                 && !access(candidate, F_OK)) /* it is there; else the folder is closed to us */
            *ret_failed = EACCES;
        free(candidate);
    }
    lima_strv_free(&dirs);
    free(path);
    return found;
}

bool lima_file_find_program(const char *name, char **ret, lima_err *err)
{
    int failed;
    char *found;

    if (lima_str_empty(name))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "a program without a name");
    if (strchr(name, '/')) {
        failed = executable(name);
        found = failed ? NULL : absolute(name);
    } else {
        found = search(name, &failed);
    }
    if (found)
        *ret = found;
    else if (failed == ENOENT && !strchr(name, '/'))
        lima_err_set(err, LIMA_CODE_NOT_FOUND, "'%s': no such program on PATH", name);
    else
        lima_posix_fail(err, failed, "'%s'", name);
    return found != NULL;
}
