/* Random access with pread and pwrite: no position that threads could disturb. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "fd.h"
#include "os/shared/shared.h"
#include "platform.h"
#include "posix_err.h"

enum { CHUNK_MAX = 1 << 30 }; /* systems cut larger calls, or refuse them */

struct lima_file {
    int fd;
    char *path;
};

bool lima_file_open(const char *path, lima_file_mode mode, lima_file **ret, lima_err *err)
{
    static const int flags[] = {
        [LIMA_FILE_READ] = O_RDONLY,
        [LIMA_FILE_WRITE] = O_RDWR,
        [LIMA_FILE_CREATE] = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
    };
    struct stat at;
    int fd = lima_posix_open_regular(path, flags[mode], &at, err);

    if (fd < 0)
        return false;
    *ret = lima_mem_zalloc(1, sizeof **ret);
    **ret = (lima_file){.fd = fd, .path = lima_mem_strdup(path)};
    return true;
}

static size_t chunk(size_t len)
{
    return len < CHUNK_MAX ? len : CHUNK_MAX;
}

bool lima_file_read_at(lima_file *file, uint64_t offset, void *into, size_t len, size_t *ret_len,
                       lima_err *err)
{
    size_t done = 0;

    if (!lima_shared_check_range(file->path, offset, len, err))
        return false;
    while (done < len) {
        ssize_t n = pread(file->fd, (char *)into + done, chunk(len - done), (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return lima_posix_fail(err, errno, "'%s': read", file->path);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *ret_len = done;
    return true;
}

static bool size_of(const lima_file *file, uint64_t *ret, lima_err *err)
{
    struct stat at;

    if (fstat(file->fd, &at))
        return lima_posix_fail(err, errno, "'%s': look at", file->path);
    *ret = (uint64_t)at.st_size;
    return true;
}

/* lseek does move the position, but nobody goes by it. */
bool lima_file_next_data(lima_file *file, uint64_t offset, uint64_t *ret_begin, uint64_t *ret_end,
                         lima_err *err)
{
    uint64_t size = 0;

    if (!lima_shared_check_range(file->path, offset, 0, err) || !size_of(file, &size, err))
        return false;
    off_t begin = lseek(file->fd, (off_t)offset, SEEK_DATA);
    bool none = begin < 0 && errno == ENXIO;
    off_t end = begin < 0 ? begin : lseek(file->fd, begin, SEEK_HOLE);
    *ret_begin = none ? size : begin < 0 ? offset : (uint64_t)begin;
    *ret_end = end < 0 ? size : (uint64_t)end;
    return true;
}

bool lima_file_write_at(lima_file *file, uint64_t offset, const void *bytes, size_t len, lima_err *err)
{
    size_t done = 0;

    if (!lima_shared_check_range(file->path, offset, len, err))
        return false;
    while (done < len) {
        ssize_t n = pwrite(file->fd, (const char *)bytes + done, chunk(len - done), (off_t)(offset + done));
        if (n < 0 && errno != EINTR)
            return lima_posix_fail(err, errno, "'%s': write", file->path);
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

bool lima_file_resize(lima_file *file, uint64_t size, lima_err *err)
{
    if (!lima_shared_check_range(file->path, size, 0, err))
        return false;
    return !ftruncate(file->fd, (off_t)size) || lima_posix_fail(err, errno, "'%s': resize", file->path);
}

void lima_file_close(lima_file *file)
{
    if (!file)
        return;
    close(file->fd);
    free(file->path);
    free(file);
}
