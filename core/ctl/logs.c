/* limadrv logs.
 *
 * Files are looked at again every quarter of a second: no host has a portable way to be told, and a person
 * reads the result. A log that is replaced or cut (a new start of the VM) is read again from its beginning.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "command.h"
#include "instances.h"
#include "os/file.h"
#include "out.h"

enum { FILES_MAX = 100, LOOK_MS = 250, CHUNK = 65536 };

struct log {
    char *path; /* owned */
    uint64_t at, id;
};

struct logs {
    struct log *items;
    size_t len;
    const char *shown; /* path of the file whose heading was printed last */
};

static bool is_wanted(const lima_ctl_args *args, const char *file)
{
    bool driver = lima_ctl_bool(args, "driver"), serial = lima_ctl_bool(args, "serial"),
         agent = lima_ctl_bool(args, "hostagent");
    bool all = !driver && !serial && !agent;
    return ((all || driver) && lima_str_eq(file, "driver.stderr.log"))
           || ((all || agent) && lima_str_eq(file, "ha.stderr.log"))
           || ((all || serial) && lima_str_has_prefix(file, "serial") && lima_str_has_suffix(file, ".log"));
}

static bool is_known(const struct logs *logs, const char *path)
{
    for (size_t i = 0; i < logs->len; i++)
        if (lima_str_eq(logs->items[i].path, path))
            return true;
    return false;
}

/* Adds logs that have appeared since. */
static bool find_logs(const lima_ctl_args *args, const char *dir, struct logs *logs, lima_err *err)
{
    lima_strv files = {0};
    if (!lima_dir_list(dir, 10000, &files, err))
        return false;
    for (size_t i = 0; i < files.len && logs->len < FILES_MAX; i++) {
        char *path = lima_path_join(dir, files.items[i]);
        if (!is_wanted(args, files.items[i]) || is_known(logs, path)) {
            free(path);
            continue;
        }
        logs->items = lima_mem_resize(logs->items, logs->len + 1, sizeof *logs->items);
        logs->items[logs->len++] = (struct log){.path = path};
    }
    lima_strv_free(&files);
    return true;
}

/* Where the last `lines` lines begin. */
static uint64_t tail_start(lima_file *file, uint64_t size, uint64_t lines)
{
    char part[4096];
    uint64_t at = size;
    while (at > 0) {
        size_t want = at < sizeof part ? (size_t)at : sizeof part, got = 0;
        if (!lima_file_read_at(file, at - want, part, want, &got, NULL) || got < want)
            return at;
        for (size_t i = want; i > 0; i--)
            if (part[i - 1] == '\n' && at - want + i != size && --lines == 0)
                return at - want + i;
        at -= want;
    }
    return 0;
}

static void print_from(struct logs *logs, struct log *log, lima_file *file)
{
    char *part = lima_mem_zalloc(CHUNK, 1);
    size_t len = 0;
    while (!ferror(stdout) && lima_file_read_at(file, log->at, part, CHUNK, &len, NULL) && len) {
        if (logs->shown != log->path)
            printf("%s==> %s <==\n", logs->shown ? "\n" : "", log->path);
        logs->shown = log->path;
        fwrite(part, 1, len, stdout);
        log->at += len;
    }
    free(part);
}

static bool print_new(struct logs *logs, struct log *log, uint64_t lines, lima_err *err)
{
    lima_file_info info = {0};
    lima_file *file = NULL;
    if (!lima_file_stat(log->path, true, &info, err))
        return false;
    bool replaced = info.id != log->id || info.size < log->at;
    if (info.kind != LIMA_FILE_REGULAR || (!replaced && info.size == log->at))
        return true;
    if (!lima_file_open(log->path, LIMA_FILE_READ, &file, err))
        return false;
    if (replaced)
        log->at = lines ? tail_start(file, info.size, lines) : 0;
    log->id = info.id;
    print_from(logs, log, file);
    lima_file_close(file);
    return true;
}

static bool print_all(const lima_ctl_args *args, const char *dir, struct logs *logs, uint64_t lines,
                      lima_err *err)
{
    bool ok = find_logs(args, dir, logs, err);
    for (size_t i = 0; ok && i < logs->len; i++)
        ok = print_new(logs, &logs->items[i], lines, err);
    lima_out_flush(args);
    return ok;
}

static bool show(const lima_ctl_args *args, const char *dir, struct logs *logs, lima_err *err)
{
    bool follow = lima_ctl_bool(args, "follow"),
         ok = print_all(args, dir, logs, lima_ctl_number(args, "lines"), err);
    if (ok && !logs->len && !follow)
        fprintf(stderr, "limadrv logs: '%s' has no such logs yet\n", dir);
    while (ok && follow && !lima_wake_wait(lima_ctl_wake(args), lima_clock_in(LOOK_MS)))
        ok = print_all(args, dir, logs, 0, err);
    return ok;
}

int lima_ctl_logs(const lima_ctl_args *args)
{
    lima_err err = {0};
    char *dir = NULL;
    struct logs logs = {0};
    bool ok = lima_instances_find(lima_ctl_operand_at(args, 0), &dir, &err) && show(args, dir, &logs, &err);
    for (size_t i = 0; i < logs.len; i++)
        free(logs.items[i].path);
    free(logs.items);
    free(dir);
    return ok ? LIMA_CTL_OK : lima_ctl_fail(args, &err);
}
