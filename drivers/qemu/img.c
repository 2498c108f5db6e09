#include "qemu/img.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "image/qcow2.h"
#include "os/file.h"
#include "os/process.h"
#include "qemu/img_text.h"

enum { STDERR_BYTES_MAX = 16 * 1024, CHECK_DAMAGED = 2 };

/* True when it ran to its end, however it ended. */
static bool run(const char *const *args, uint32_t limit_ms, lima_wake *wake, lima_buf *out, lima_buf *errors,
                lima_process_exit *end, lima_err *err)
{
    char *program = NULL;
    lima_strv argv = {0};

    if (!lima_file_find_program("qemu-img", &program, err))
        return lima_err_wrap(err, "qemu-img (install QEMU's tools, package qemu-utils on Debian)");
    lima_strv_add(&argv, program);
    for (size_t i = 0; args[i]; i++)
        lima_strv_add(&argv, args[i]);
    bool ok =
        lima_process_run(lima_strv_items(&argv), NULL, out, errors, lima_clock_in(limit_ms), wake, end, err);
    lima_strv_free(&argv);
    free(program);
    return ok;
}

bool lima_qemu_img_run(const char *const *args, const char *what, uint32_t limit_ms, lima_wake *wake,
                       lima_buf *ret_out, lima_err *err)
{
    lima_buf errors = LIMA_BUF(STDERR_BYTES_MAX);
    lima_process_exit end;
    bool ok = run(args, limit_ms, wake, ret_out, &errors, &end, err) || lima_err_wrap(err, "%s", what);

    if (ok && (end.signaled || end.code != 0))
        ok = lima_qemu_img_failed(lima_buf_str(&errors), errors.len, what, end.text, err);
    lima_buf_free(&errors);
    return ok;
}

/* What qemu-img would take for a disk, or explain badly. */
static bool check_file(const char *path, lima_err *err)
{
    lima_file_info info = {0};

    if (!lima_file_stat(path, true, &info, err))
        return false;
    if (info.kind == LIMA_FILE_DIR)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "disk image '%s' is a folder; put the image file there", path);
    if (info.kind == LIMA_FILE_REGULAR && !info.size)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "disk image '%s' is empty; download or copy it again",
                            path);
    return true;
}

bool lima_qemu_img_info(const char *path, const char *format, lima_wake *wake, qemu_image_info *ret,
                        lima_err *err)
{
    const char *const with_format[] = {"info", "--output=json", "--force-share", "-f", format, path, NULL};
    const char *const without[] = {"info", "--output=json", "--force-share", path, NULL};
    lima_buf out = LIMA_BUF(QEMU_IMAGE_INFO_BYTES_MAX);
    char *what = lima_mem_printf("disk image '%s'", path);
    bool ok = check_file(path, err)
              && lima_qemu_img_run(format ? with_format : without, what, QEMU_IMG_INFO_MS, wake, &out, err)
              && lima_qemu_image_info_parse(lima_buf_str(&out), out.len, path, ret, err);

    free(what);
    lima_buf_free(&out);
    return ok;
}

bool lima_qemu_img_check(const char *path, const char *format, lima_wake *wake, lima_err *err)
{
    const char *const args[] = {"check", "-q", "-f", format, path, NULL};
    lima_process_exit end;

    if (!run(args, QEMU_IMG_WORK_MS, wake, NULL, NULL, &end, err))
        return lima_err_wrap(err, "disk image '%s': check", path);
    if (!end.signaled && end.code == CHECK_DAMAGED)
        return lima_err_set(err, LIMA_CODE_DATA_LOSS,
                            "disk image '%s' is damaged or was cut short (`qemu-img check` finds errors); "
                            "download or copy it again",
                            path);
    return true;
}

/* The image's own counts are quick to read, but may be too high after a crash, which harms nothing. */
static bool reaches_its_end(const char *path)
{
    lima_file_info file = {0};
    uint64_t last = 0;

    return lima_file_stat(path, true, &file, NULL) && lima_qcow2_last_cluster(path, &last, NULL)
           && last < file.size;
}

bool lima_qemu_img_check_end(const char *path, const char *format, lima_wake *wake, lima_err *err)
{
    lima_err failure = {0};

    if (!lima_str_eq(format, "qcow2") || reaches_its_end(path)
        || lima_qemu_img_check(path, format, wake, &failure))
        return true;
    if (failure.code != LIMA_CODE_DATA_LOSS)
        return lima_err_set(err, failure.code, "%s", failure.text);
    return lima_err_set(
        err, LIMA_CODE_DATA_LOSS,
        "disk image '%s' was cut short: what it refers to lies past its end; put a copy of it back, or "
        "try on a copy what `qemu-img check -r all` can save",
        path);
}
