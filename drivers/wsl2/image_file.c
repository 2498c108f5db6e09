#include "wsl2/image_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "wsl2/image.h"
#include "wsl2/wsl_exe.h"

enum { CHUNK_BYTES = 1024 * 1024, LOG_EVERY_MS = 5000 };

static const char spent_text[] = "imported into "
                                 "ext4.vhdx"
                                 " by lima-driver-wsl2; this file holds the image's place\n";

static bool is_spent(const wsl2_image_file *image)
{
    lima_buf text = LIMA_BUF(sizeof spent_text);
    bool spent = image->size == sizeof spent_text - 1 && lima_file_read(image->path, &text, NULL)
                 && !strcmp(lima_buf_str(&text), spent_text);

    lima_buf_free(&text);
    return spent;
}

bool lima_wsl2_image_file_find(const lima_instance *inst, wsl2_image_file *ret, lima_err *err)
{
    static const char *const names[] = {"image", "basedisk"};
    wsl2_image_file image = {0};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        lima_file_info info = {0};
        char *path = lima_instance_path(inst, names[i]);
        bool ok = lima_file_stat(path, true, &info, err);
        if (!ok || info.kind == LIMA_FILE_REGULAR)
            image = (wsl2_image_file){.path = path, .size = info.size};
        else
            free(path);
        if (!ok) {
            lima_wsl2_image_file_free(&image);
            return false;
        }
        if (image.path)
            break;
    }
    image.spent = image.path && is_spent(&image);
    *ret = image;
    return true;
}

void lima_wsl2_image_file_free(wsl2_image_file *image)
{
    free(image->path);
    *image = (wsl2_image_file){0};
}

/* ---- checking ---- */

static bool read_part(lima_file *file, uint64_t offset, size_t want, uint8_t *into, size_t *ret_len,
                      lima_err *err)
{
    return lima_file_read_at(file, offset, into, want, ret_len, err);
}

static bool kind_of(const wsl2_image_file *image, wsl2_image *ret, lima_err *err)
{
    uint64_t size = image->size;
    size_t head = size < WSL2_IMAGE_HEAD ? (size_t)size : WSL2_IMAGE_HEAD,
           tail = size < WSL2_IMAGE_TAIL ? (size_t)size : WSL2_IMAGE_TAIL;
    uint8_t *bytes = lima_mem_zalloc(WSL2_IMAGE_HEAD + WSL2_IMAGE_TAIL, 1);
    lima_file *file = NULL;
    bool ok = lima_file_open(image->path, LIMA_FILE_READ, &file, err)
              && read_part(file, 0, head, bytes, &head, err)
              && read_part(file, size - tail, tail, bytes + WSL2_IMAGE_HEAD, &tail, err);

    if (ok)
        *ret = lima_wsl2_image_kind(&(wsl2_image_bytes){.head = bytes,
                                                        .head_len = head,
                                                        .tail = bytes + WSL2_IMAGE_HEAD,
                                                        .tail_len = tail,
                                                        .size = size});
    lima_file_close(file);
    free(bytes);
    return ok;
}

bool lima_wsl2_image_file_check(const wsl2_image_file *image, lima_err *err)
{
    wsl2_image kind;

    if (!image->path)
        return lima_err_set(
            err, LIMA_CODE_NOT_FOUND,
            "there is no image; name one under `images` in lima.yaml: a tar archive of a root file system");
    if (image->spent)
        return lima_err_set(
            err, LIMA_CODE_NOT_FOUND,
            "its distribution was unregistered by another program, the disk with it, and the image was "
            "not kept; remove the instance and create it anew: limactl delete --force");
    return kind_of(image, &kind, err) && lima_wsl2_image_check(kind, image->path, err);
}

/* ---- streaming ---- */

typedef struct progress {
    uint64_t done, size;
    lima_deadline next;
} progress;

static void tell(progress *p)
{
    if (lima_clock_now() < p->next)
        return;
    p->next = lima_clock_in(LOG_EVERY_MS);
    lima_log_info("import: %" PRIu64 " of %" PRIu64 " MiB (%" PRIu64 " %%)", p->done >> 20, p->size >> 20,
                  p->size ? p->done * 100 / p->size : 100);
}

bool lima_wsl2_image_file_feed(void *arg, lima_stream *into, lima_wake *wake, lima_err *err)
{
    const wsl2_image_file *image = arg;
    progress p = {.size = image->size, .next = lima_clock_in(LOG_EVERY_MS)};
    char *chunk = lima_mem_zalloc(CHUNK_BYTES, 1);
    lima_file *file = NULL;
    size_t len = 0;
    bool ok = lima_file_open(image->path, LIMA_FILE_READ, &file, err);

    do {
        ok = ok && lima_file_read_at(file, p.done, chunk, CHUNK_BYTES, &len, err)
             && (!len || lima_stream_write(into, chunk, len, lima_wsl2_in(WSL2_IDLE_MS), wake, err));
        p.done += ok ? len : 0;
        tell(&p);
    } while (ok && len);
    lima_file_close(file);
    free(chunk);
    return ok;
}

bool lima_wsl2_image_file_retire(const wsl2_image_file *image, lima_err *err)
{
    return lima_file_write(image->path, spent_text, sizeof spent_text - 1, LIMA_FILE_SHARED, err);
}
