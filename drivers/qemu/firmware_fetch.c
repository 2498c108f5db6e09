/* How it works: curl writes to a temporary name, the digest is checked on what came, then the file gets its
 * name. An own HTTPS client would be more code than the rest of the driver; where there is no curl the log
 * says what to put where. */
#include "qemu/firmware_fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/str.h"
#include "os/file.h"
#include "os/process.h"
#include "qemu/firmware.h"

/* Whether `digest` ("sha256:" and 64 digits) is that of the bytes. INVALID_ARGUMENT: not a digest we can
 * check. DATA_LOSS: it differs. */
static bool check_digest(const char *digest, const void *bytes, size_t len, lima_err *err)
{
    uint8_t sum[LIMA_SHA256_LEN];
    char text[sizeof "sha256:" + 2 * LIMA_SHA256_LEN] = "sha256:";

    if (lima_str_empty(digest))
        return true;
    if (!lima_str_has_prefix(digest, "sha256:") || strlen(digest) != sizeof text - 1)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "digest '%s' cannot be checked, it must be sha256:…", digest);
    lima_sha256(&bytes, &len, 1, sum);
    for (size_t i = 0; i < LIMA_SHA256_LEN; i++)
        snprintf(text + 7 + 2 * i, 3, "%02x", sum[i]);
    if (!lima_str_eq_nocase(text, digest))
        return lima_err_set(err, LIMA_CODE_DATA_LOSS, "digest is %s, must be %s", text, digest);
    return true;
}

static bool check_file(const char *path, const char *digest, lima_err *err)
{
    lima_buf bytes = LIMA_BUF(QEMU_FIRMWARE_BYTES_MAX);
    bool ok = lima_file_read(path, &bytes, err) && check_digest(digest, lima_buf_str(&bytes), bytes.len, err);

    lima_buf_free(&bytes);
    return ok;
}

static bool download(const char *url, const char *to, lima_wake *wake, lima_err *err)
{
    char *limit = lima_mem_printf("%d", QEMU_FIRMWARE_BYTES_MAX);
    const char *const argv[] = {
        "curl", "-fsSL", "--proto", "=http,https,file", "--max-filesize", limit, "-o", to, "--", url, NULL};
    lima_buf errors = LIMA_BUF(4096);
    lima_process_exit end;
    bool ok =
        lima_process_run(argv, NULL, NULL, &errors, lima_clock_in(QEMU_FIRMWARE_FETCH_MS), wake, &end, err);

    if (errors.len)
        lima_str_trim(errors.data);
    if (ok && (end.signaled || end.code != 0))
        ok = lima_err_set(err, LIMA_CODE_UNAVAILABLE, "%s: %s", end.text, errors.data ? errors.data : "curl");
    lima_buf_free(&errors);
    free(limit);
    return ok;
}

static bool fetch(const char *url, const char *digest, const char *path, lima_wake *wake, lima_err *err)
{
    char *temporary = lima_mem_printf("%s.tmp", path);
    bool ok = lima_file_remove(temporary, err) && download(url, temporary, wake, err)
              && check_file(temporary, digest, err) && lima_file_rename(temporary, path, err);

    if (!ok)
        lima_file_remove(temporary, NULL);
    free(temporary);
    return ok;
}

void lima_qemu_firmware_fetch(const lima_instance *inst, lima_wake *wake)
{
    const char *digest = "";
    const char *url = lima_qemu_firmware_url(inst, &digest);
    char *path = lima_instance_path(inst, QEMU_FIRMWARE_FILE);
    lima_file_info info = {0};
    lima_err err = {0};

    if (url && lima_file_stat(path, true, &info, NULL) && info.kind == LIMA_FILE_NONE
        && !fetch(url, digest, path, wake, &err))
        lima_log_warn("firmware '%s' could not be fetched: %s (put it by hand to '%s'); looking elsewhere",
                      url, err.text, path);
    free(path);
}
