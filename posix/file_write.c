/* Replacing a file whole: a temporary file beside it, flushed, renamed over it, and the folder flushed.
 *
 * The temporary name (".lima-….tmp") is random and opened exclusively, so that two writers do not meet and
 * nothing planted there is followed. A process killed in between leaves it behind; it never bears the final
 * name. Owner, mode and hard links of an old file are not kept, a symbolic link at `path` is replaced and not
 * written through. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "fd.h"
#include "platform.h"
#include "posix_err.h"

enum { NAME_TRIES = 100 };

bool lima_posix_random_name(const char *prefix, size_t letters, const char *suffix, char *into, size_t size)
{
    static const char alphabet[] =
        "abcdefghijklmnopqrstuvwxyz234567"; /* 32, so that every letter is as likely */
    unsigned char random[16];
    char middle[sizeof random + 1] = "";

    if (getentropy(random, sizeof random))
        return false;
    for (size_t i = 0; i < letters && i < sizeof random; i++)
        middle[i] = alphabet[random[i] % 32];
    snprintf(into, size, "%s%s%s", prefix, middle, suffix);
    return true;
}

/* Opens a new file beside `path`; *ret_path is owned. */
static int open_temp(const char *path, mode_t mode, char **ret_path, lima_err *err)
{
    char *dir = lima_path_dir(path);
    int fd = -1;

    for (int i = 0; fd < 0 && i < NAME_TRIES; i++) {
        char name[32];
        if (!lima_posix_random_name(".lima-", 12, ".tmp", name, sizeof name))
            break;
        char *temp = lima_path_join(dir, name);
        fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd >= 0)
            *ret_path = temp;
        else
            free(temp);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    if (fd < 0)
        lima_posix_fail(err, errno, "'%s': temporary file in folder '%s'", path, dir);
    free(dir);
    return fd;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
    return true;
}

bool lima_file_write(const char *path, const void *bytes, size_t len, lima_file_access access, lima_err *err)
{
    char *temp = NULL;
    int fd = open_temp(path, access == LIMA_FILE_SHARED ? 0644 : 0600, &temp, err);

    if (fd < 0)
        return false;
    bool ok = write_all(fd, bytes, len) && !lima_posix_flush(fd);
    int failed = errno;
    /* Some file systems report a full disk only here. */
    if (close(fd) && ok) {
        ok = false;
        failed = errno;
    }
    if (ok && rename(temp, path)) {
        ok = false;
        failed = errno;
    }
    if (!ok) {
        unlink(temp);
        lima_posix_fail(err, failed, "'%s': write", path);
    }
    free(temp);
    return ok && lima_posix_flush_dir_of(path, err);
}
