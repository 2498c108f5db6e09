#include "wsl2/file_copy.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"

enum { CHUNK_BYTES = 4 * 1024 * 1024, LOG_EVERY_MS = 5000 };

static bool copy(lima_file *from, lima_file *to, lima_wake *wake, lima_err *err)
{
    char *chunk = lima_mem_zalloc(CHUNK_BYTES, 1);
    lima_deadline tell = lima_clock_in(LOG_EVERY_MS);
    uint64_t done = 0;
    size_t len = 1;
    bool ok = true;

    while (ok && len) {
        ok = lima_file_read_at(from, done, chunk, CHUNK_BYTES, &len, err)
             && (!len || lima_file_write_at(to, done, chunk, len, err))
             && (!lima_wake_wait(wake, 0) || lima_err_set(err, LIMA_CODE_CANCELLED, "copy cancelled"));
        done += ok ? len : 0;
        if (lima_clock_now() >= tell) {
            tell = lima_clock_in(LOG_EVERY_MS);
            lima_log_info("copy of the disk: %" PRIu64 " MiB", done >> 20);
        }
    }
    free(chunk);
    return ok;
}

bool lima_wsl2_file_copy(const char *from, const char *to, lima_wake *wake, lima_err *err)
{
    lima_file *source = NULL, *target = NULL;

    if (!lima_file_open(from, LIMA_FILE_READ, &source, err))
        return false;
    bool made = lima_file_open(to, LIMA_FILE_CREATE, &target, err);
    bool ok = made && copy(source, target, wake, err);
    lima_file_close(target);
    lima_file_close(source);
    if (made && !ok)
        lima_file_remove(to, NULL);
    return ok;
}
