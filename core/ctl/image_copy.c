#include "image_copy.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "image/bytes.h"
#include "os/file.h"

enum { CHUNK = 1024 * 1024 };

static bool copy_chunks(lima_file *from, lima_file *to, char *chunk, lima_phase *phase, lima_wake *wake,
                        uint64_t *ret_size, lima_err *err)
{
    for (uint64_t at = 0;; at += CHUNK) {
        size_t len = 0;
        if (lima_wake_wait(wake, 0))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "interrupted");
        if (!lima_file_read_at(from, at, chunk, CHUNK, &len, err))
            return false;
        if (!lima_mem_is_zero(chunk, len) && !lima_file_write_at(to, at, chunk, len, err))
            return false;
        *ret_size = at + len;
        if (len < CHUNK)
            return true;
        lima_phase_tick(phase);
    }
}

static bool check_space(const char *from, const char *to, lima_err *err)
{
    lima_file_info info = {0};
    uint64_t space = 0;
    char *dir = lima_path_dir(to);
    bool ok = lima_file_stat(from, true, &info, err);
    if (ok && info.kind != LIMA_FILE_REGULAR)
        ok = lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "'%s': not a file", from);
    if (ok && lima_file_free_space(dir, &space, NULL) && space < info.size)
        ok = lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED,
                          "'%s': %llu MiB are free, the image takes %llu MiB; make room, or set TMPDIR to a "
                          "folder on another disk",
                          dir, (unsigned long long)(space >> 20), (unsigned long long)(info.size >> 20));
    free(dir);
    return ok;
}

bool lima_image_copy(const char *from, const char *to, lima_phase *phase, lima_wake *wake, lima_err *err)
{
    lima_file *source = NULL, *target = NULL;
    char *chunk = lima_mem_zalloc(CHUNK, 1);
    uint64_t size = 0;
    bool ok = check_space(from, to, err) && lima_file_open(from, LIMA_FILE_READ, &source, err)
              && lima_file_open(to, LIMA_FILE_CREATE, &target, err)
              && copy_chunks(source, target, chunk, phase, wake, &size, err)
              && lima_file_resize(target, size, err);
    lima_file_close(source);
    lima_file_close(target);
    if (!ok && target)
        lima_file_remove(to, NULL);
    free(chunk);
    return ok || lima_err_wrap(err, "copy of '%s'", from);
}

bool lima_image_virtual_size(const char *path, uint64_t *ret_bytes, bool *ret_qcow2, lima_err *err)
{
    uint8_t head[32] = {0};
    size_t len = 0;
    lima_file_info info = {0};
    lima_file *file = NULL;
    if (!lima_file_stat(path, true, &info, err) || !lima_file_open(path, LIMA_FILE_READ, &file, err))
        return false;
    bool ok = lima_file_read_at(file, 0, head, sizeof head, &len, err);
    lima_file_close(file);
    if (!ok)
        return false;
    *ret_qcow2 = len == sizeof head && memcmp(head, "QFI\xfb", 4) == 0;
    *ret_bytes = *ret_qcow2 ? bytes_big(head + 24, 8) : info.size;
    return true;
}
