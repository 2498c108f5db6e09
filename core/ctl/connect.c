#include "connect.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "instances.h"
#include "os/file.h"
#include "scratch.h"

enum {
    END_MS = 10000, /* what limactl grants: a driver that puts a VM down needs most of it */
    LOG_MAX = 64 * 1024,
};

/* The driver's own last words explain most failures to start. */
static void add_last_words(const char *log, lima_err *err)
{
    lima_buf text = LIMA_BUF(LOG_MAX);
    if (err && log && lima_file_read(log, &text, NULL) && text.len) {
        char *words = lima_buf_take(&text);
        lima_str_trim(words);
        lima_err cause = *err;
        lima_err_set(err, cause.code, "%s; the driver said: %s", cause.text, words);
        err->os_code = cause.os_code;
        free(words);
    }
    lima_buf_free(&text);
}

static bool start_as(const char *program, lima_launch_mode mode, const char *dir, uint64_t timeout_ms,
                     lima_launched *ret, lima_err *err)
{
    char *log = lima_path_join(dir, "driver.stderr.log");
    bool ok = lima_launch(program, mode, dir, log, lima_clock_in(timeout_ms), ret, err);
    if (!ok)
        add_last_words(log, err);
    free(log);
    return ok;
}

/* A driver of Lima 2.0 does not know --inst-dir, one of 2.2 may not announce. The first failure is the one
 * worth telling. */
static bool start_either(const char *program, const char *dir, uint64_t timeout_ms, lima_connection *ret,
                         lima_err *err)
{
    if (start_as(program, LIMA_LAUNCH_INST_DIR, dir, timeout_ms, &ret->launched, err))
        return true;
    return ret->announced = start_as(program, LIMA_LAUNCH_ANNOUNCE, dir, timeout_ms, &ret->launched, NULL);
}

/* The driver's log is made in the folder before the driver could complain of it. */
static bool check_folder(const char *dir, lima_err *err)
{
    lima_file_info info = {0};
    if (!lima_file_stat(dir, true, &info, err))
        return lima_err_wrap(err, "instance folder");
    return info.kind == LIMA_FILE_DIR
           || lima_err_set(err, LIMA_CODE_NOT_FOUND,
                           "there is no instance folder '%s'; limactl list shows the instances", dir);
}

bool lima_connection_start(const char *program, const char *mode, const char *dir, uint64_t timeout_ms,
                           lima_connection *ret, lima_err *err)
{
    lima_connection started = {0};
    bool ok = dir ? check_folder(dir, err) : lima_scratch_make(&started.scratch, err);
    lima_launch_mode way = lima_str_eq(mode, "announce") ? LIMA_LAUNCH_ANNOUNCE
                           : lima_str_eq(mode, "stdio")  ? LIMA_LAUNCH_STDIO
                                                         : LIMA_LAUNCH_INST_DIR;
    if (!dir)
        dir = started.scratch;
    if (ok && lima_str_eq(mode, "auto")) {
        ok = start_either(program, dir, timeout_ms, &started, err);
    } else if (ok) {
        ok = start_as(program, way, dir, timeout_ms, &started.launched, err);
        started.announced = ok && way == LIMA_LAUNCH_ANNOUNCE;
    }
    if (!ok) {
        lima_connection_end(&started);
        return false;
    }
    *ret = started;
    return true;
}

/* The socket of a 2.2 server is known by its place; older ones choose a place of their own. */
static bool instance_socket(const char *instance, char **ret, lima_err *err)
{
    char *dir = NULL;
    lima_json *doc = NULL;
    if (!lima_instances_find(instance, &dir, err))
        return false;
    bool ok = lima_instances_read(dir, &doc, err);
    if (ok) {
        char *name = lima_mem_printf("%s.drv.sock", lima_json_str(doc, "", "vmType"));
        *ret = lima_path_join(dir, name);
        free(name);
    }
    lima_json_free(doc);
    free(dir);
    return ok;
}

bool lima_connection_attach(const char *instance_or_socket, uint64_t timeout_ms, lima_connection *ret,
                            lima_err *err)
{
    lima_file_info info = {0};
    char *socket = NULL;
    lima_connection found = {0};
    lima_file_stat(instance_or_socket, true, &info, NULL);
    if (info.kind == LIMA_FILE_SOCKET)
        socket = lima_mem_strdup(instance_or_socket);
    else if (!instance_socket(instance_or_socket, &socket, err))
        return false;
    bool ok = lima_client_connect(socket, lima_clock_in(timeout_ms), &found.launched.client, err);
    if (!ok) {
        lima_err_wrap(err, "no driver serves '%s' (is the instance running?)", instance_or_socket);
        free(socket);
        return false;
    }
    found.launched.socket = socket;
    *ret = found;
    return true;
}

void lima_connection_end(lima_connection *connection)
{
    lima_launched_stop(&connection->launched, END_MS);
    lima_scratch_remove(connection->scratch, NULL);
    *connection = (lima_connection){0};
}
