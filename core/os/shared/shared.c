/* See the header. Nothing here knows a system: each function takes what differs as an argument or leaves it to the
 * caller. */
#include "os/shared/shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "base/utf.h"
#include "os/file.h"
#include "os/host.h"

enum { READ_CHUNK = 64 * 1024, SWEEP_MAX = 4096, COMPLAIN_MS = 1000 };

/* When the buffer is full, one byte more tells the end from a file that is too long. */
static bool append_all(lima_shared_reader *read, void *from, const char *path, lima_buf *into, lima_err *err)
{
    for (;;) {
        size_t room = into->limit - into->len, n = 0;
        char beyond;
        size_t want = room < READ_CHUNK ? room : READ_CHUNK;
        char *at = want ? lima_buf_reserve(into, want) : &beyond;
        if (!read(from, at, want ? want : 1, &n, err))
            return false;
        if (n == 0)
            return true;
        if (!want)
            return lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "'%s': longer than %zu bytes", path,
                                into->limit);
        into->len += n;
        into->data[into->len] = '\0';
    }
}

bool lima_shared_read_all(lima_shared_reader *read, void *from, const char *path, lima_buf *into,
                          lima_err *err)
{
    size_t before = into->len;
    bool ok = append_all(read, from, path, into, err);

    if (!ok && into->data) {
        into->len = before;
        into->data[before] = '\0';
    }
    return ok;
}

bool lima_shared_check_range(const char *path, uint64_t offset, size_t len, lima_err *err)
{
    return (offset <= INT64_MAX && len <= INT64_MAX - offset)
           || lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "'%s': offset too large", path);
}

bool lima_shared_check_address(const char *path, size_t max, lima_err *err)
{
    size_t len = strlen(path);

    return (len > 0 && len <= max)
           || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                           "socket '%s': the path has %zu bytes, the limit is %zu; use a shorter folder",
                           path, len, max);
}

bool lima_shared_check_place(const char *path, lima_err *err)
{
    lima_file_info at;

    if (!lima_file_stat(path, false, &at, err))
        return false;
    return at.kind == LIMA_FILE_NONE || at.kind == LIMA_FILE_SOCKET
           || lima_err_set(
               err, LIMA_CODE_ALREADY_EXISTS,
               "'%s': a file that is not a socket is in the way; remove it or choose another path", path);
}

void lima_shared_sweep(const char *dir, const char *prefix, size_t letters,
                       void (*sweep_one)(const char *path))
{
    lima_strv names = {0};

    if (!lima_dir_list(dir, SWEEP_MAX, &names, NULL))
        return;
    for (size_t i = 0; i < names.len; i++) {
        if (!lima_str_has_prefix(names.items[i], prefix)
            || strlen(names.items[i]) != strlen(prefix) + letters)
            continue;
        char *path = lima_path_join(dir, names.items[i]);
        sweep_one(path);
        free(path);
    }
    lima_strv_free(&names);
}

void lima_shared_complain(lima_deadline *quiet_until, const char *path, const char *what)
{
    if (lima_clock_now() < *quiet_until)
        return;
    *quiet_until = lima_clock_in(COMPLAIN_MS);
    lima_log_warn("socket '%s': %s", path, what);
}

bool lima_shared_check_process(const lima_process_desc *desc, lima_err *err)
{
    if (!desc->argv || !desc->argv[0])
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "a process without a program");
    if (desc->in == LIMA_PROCESS_FILE || (desc->out == LIMA_PROCESS_FILE && !desc->out_file)
        || (desc->err == LIMA_PROCESS_FILE && !desc->err_file))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "a standard handle to a file without a name");
    return true;
}

char *lima_shared_absolute_env(const char *name)
{
    char *value = lima_env_get(name);

    if (value && lima_path_is_absolute(value))
        return value;
    free(value);
    return NULL;
}

void lima_shared_object(char *into, size_t size, const char *fmt, va_list args)
{
    if (vsnprintf(into, size, fmt, args) >= (int)size)
        into[lima_utf8_cut(into, size - 1, size - 2)] = '\0';
}
