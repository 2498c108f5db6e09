/* Folders: making with parents, listing, removing a tree.
 *
 * Removing goes by opened folders (openat), so that a folder exchanged for a link meanwhile leads nowhere
 * else. It neither crosses its own depth limit nor changes permissions to get in. */
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "platform.h"
#include "posix_err.h"

enum { DEPTH_MAX = 64 }; /* one descriptor each */

static bool make_one(const char *path, mode_t mode, lima_err *err)
{
    struct stat at;

    if (!mkdir(path, mode))
        return true;
    int failed = errno; /* EEXIST, or what a read-only or foreign parent gives although the folder is there */
    if (!stat(path, &at))
        return S_ISDIR(at.st_mode)
               || lima_err_set(err, LIMA_CODE_ALREADY_EXISTS, "'%s': exists and is not a folder", path);
    return lima_posix_fail(err, failed, "'%s': make folder", path);
}

bool lima_dir_make(const char *path, lima_file_access access, lima_err *err)
{
    mode_t mode = access == LIMA_FILE_SHARED ? 0755 : 0700;
    char *part = lima_mem_strdup(path);
    bool ok = true;

    for (char *at = part; ok && *at; at++) {
        if (*at != '/' || at == part || at[-1] == '/')
            continue;
        *at = '\0';
        ok = make_one(part, mode, err);
        *at = '/';
    }
    ok = ok && make_one(part, mode, err);
    free(part);
    return ok;
}

static bool is_dots(const char *name)
{
    return !strcmp(name, ".") || !strcmp(name, "..");
}

bool lima_dir_list(const char *path, size_t max, lima_strv *ret_names, lima_err *err)
{
    lima_strv names = {0};
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool ok = true;

    if (!dir)
        return lima_posix_fail(err, errno, "'%s'", path);
    for (errno = 0; ok && (entry = readdir(dir)); errno = 0) {
        if (is_dots(entry->d_name))
            continue;
        if (names.len >= max)
            ok = lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "'%s': more than %zu entries", path, max);
        else
            lima_strv_add(&names, entry->d_name);
    }
    if (ok && errno)
        ok = lima_posix_fail(err, errno, "'%s'", path);
    closedir(dir);
    if (!ok) {
        lima_strv_free(&names);
        return false;
    }
    lima_strv_sort(&names);
    *ret_names = names;
    return true;
}

static bool empty_dir(DIR *dir, const char *path, unsigned depth, lima_err *err);

/* A folder that is not one any more by now (ENOTDIR, ELOOP) is left to the caller's unlink. */
static bool empty_dir_at(int parent, const char *name, const char *path, unsigned depth, lima_err *err)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir) {
        int failed = errno;
        if (fd >= 0)
            close(fd);
        return failed == ENOENT || lima_posix_fail(err, failed, "'%s/%s': remove", path, name);
    }
    bool ok = empty_dir(dir, name, depth, err) || lima_err_wrap(err, "in '%s'", path);
    closedir(dir);
    return ok;
}

static bool remove_at(int parent, const char *name, const char *path, unsigned depth, lima_err *err)
{
    struct stat at;

    if (fstatat(parent, name, &at, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT || lima_posix_fail(err, errno, "'%s/%s': remove", path, name);
    if (S_ISDIR(at.st_mode) && !empty_dir_at(parent, name, path, depth, err))
        return false;
    if (unlinkat(parent, name, S_ISDIR(at.st_mode) ? AT_REMOVEDIR : 0) && errno != ENOENT)
        return lima_posix_fail(err, errno, "'%s/%s': remove", path, name);
    return true;
}

/* Some systems skip entries when others are removed while reading: so it reads again until nothing is
 * found. */
static bool empty_dir(DIR *dir, const char *path, unsigned depth, lima_err *err)
{
    const struct dirent *entry;
    bool found = true;

    if (depth >= DEPTH_MAX)
        return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "'%s': more than %d folders deep", path, DEPTH_MAX);
    while (found) {
        found = false;
        rewinddir(dir);
        while ((entry = readdir(dir))) {
            if (is_dots(entry->d_name))
                continue;
            found = true;
            if (!remove_at(dirfd(dir), entry->d_name, path, depth + 1, err))
                return false;
        }
    }
    return true;
}

bool lima_dir_remove(const char *path, lima_err *err)
{
    struct stat at;

    if (lstat(path, &at))
        return errno == ENOENT || errno == ENOTDIR || lima_posix_fail(err, errno, "'%s': remove", path);
    if (!S_ISDIR(at.st_mode))
        return lima_file_remove(path, err);
    DIR *dir = opendir(path);
    if (!dir)
        return lima_posix_fail(err, errno, "'%s': remove", path);
    bool ok = empty_dir(dir, path, 0, err);
    closedir(dir);
    if (ok && rmdir(path) && errno != ENOENT)
        ok = lima_posix_fail(err, errno, "'%s': remove", path);
    return ok;
}
