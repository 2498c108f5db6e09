#include "wsl2/cidata.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/path.h"
#include "os/file.h"
#include "wsl2/scripts.h"
#include "wsl2/tar.h"
#include "wsl2/wsl_exe.h"

enum { ENTRIES_MAX = 4096, DEPTH_MAX = 16, CHUNK_BYTES = 1024 * 1024, HEADERS_MAX = 64 * 1024, MODE = 0700 };

typedef struct walk {
    lima_stream *into;
    lima_wake *wake;
    char *chunk;
} walk;

static bool put(const walk *w, const void *bytes, size_t len, lima_err *err)
{
    return lima_stream_write(w->into, bytes, len, lima_wsl2_in(WSL2_IDLE_MS), w->wake, err);
}

static bool put_buf(const walk *w, lima_buf *buf, lima_err *err)
{
    bool ok = put(w, lima_buf_str(buf), buf->len, err);

    lima_buf_free(buf);
    return ok;
}

/* A file that grows or shrinks meanwhile keeps the size it was announced with. */
static bool put_content(const walk *w, const char *path, uint64_t size, lima_err *err)
{
    lima_file *file = NULL;
    bool ok = lima_file_open(path, LIMA_FILE_READ, &file, err);

    for (uint64_t done = 0; ok && done < size;) {
        size_t want = size - done < CHUNK_BYTES ? (size_t)(size - done) : CHUNK_BYTES, len = 0;
        ok = lima_file_read_at(file, done, w->chunk, want, &len, err);
        if (ok && !len)
            ok = lima_err_set(err, LIMA_CODE_ABORTED, "'%s' became shorter while it was read", path);
        ok = ok && put(w, w->chunk, len, err);
        done += len;
    }
    lima_file_close(file);
    return ok;
}

static bool put_file(const walk *w, const char *path, const char *name, uint64_t size, lima_err *err)
{
    static const char zeros[WSL2_TAR_BLOCK];
    lima_buf head = LIMA_BUF(HEADERS_MAX);

    if (!lima_wsl2_tar_add_file(&head, name, size, MODE, err)) {
        lima_buf_free(&head);
        return false;
    }
    return put_buf(w, &head, err) && put_content(w, path, size, err)
           && put(w, zeros, lima_wsl2_tar_padding(size), err);
}

static bool put_folder(const walk *w, const char *path, const char *name, unsigned depth, lima_err *err);

static bool put_entry(const walk *w, const char *path, const char *name, unsigned depth, lima_err *err)
{
    lima_file_info info = {0};

    if (!lima_file_stat(path, false, &info, err))
        return false;
    if (info.kind == LIMA_FILE_REGULAR)
        return put_file(w, path, name, info.size, err);
    if (info.kind != LIMA_FILE_DIR)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "'%s' is neither file nor folder", path);
    lima_buf head = LIMA_BUF(HEADERS_MAX);
    if (!lima_wsl2_tar_add_dir(&head, name, MODE, err)) {
        lima_buf_free(&head);
        return false;
    }
    return put_buf(w, &head, err) && put_folder(w, path, name, depth + 1, err);
}

static bool put_folder(const walk *w, const char *path, const char *name, unsigned depth, lima_err *err)
{
    lima_strv names = {0};
    bool ok = depth < DEPTH_MAX ? lima_dir_list(path, ENTRIES_MAX, &names, err)
                                : lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "'%s': folders too deep", path);

    for (size_t i = 0; ok && i < names.len; i++) {
        char *below = lima_path_join(path, names.items[i]);
        char *inside =
            *name ? lima_mem_printf("%s/%s", name, names.items[i]) : lima_mem_strdup(names.items[i]);
        ok = put_entry(w, below, inside, depth, err);
        free(inside);
        free(below);
    }
    lima_strv_free(&names);
    return ok;
}

bool lima_wsl2_cidata_feed(void *arg, lima_stream *into, lima_wake *wake, lima_err *err)
{
    walk w = {.into = into, .wake = wake, .chunk = lima_mem_zalloc(CHUNK_BYTES, 1)};
    lima_buf end = LIMA_BUF(8 * WSL2_TAR_BLOCK);

    bool ok = put_folder(&w, arg, "", 0, err) && lima_wsl2_tar_add_file(&end, WSL2_CIDATA_LAST, 0, MODE, err)
              && lima_wsl2_tar_add_end(&end) && put(&w, lima_buf_str(&end), end.len, err);
    lima_buf_free(&end);
    free(w.chunk);
    return ok;
}
