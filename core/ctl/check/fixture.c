/* A case's folder, servers and processes, and their end.
 *
 * The folder is short and private: <temp>/lck-<pid>-<n>/chk is the instance. Teardown goes from the newest
 * to the oldest thing, and ends a VM that a failing case has left running by the pid that the driver
 * itself names. */
#include "ctl/check/fixture.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "ctl/check/document.h"
#include "ctl/check/fixture_state.h"
#include "os/file.h"
#include "os/host.h"

enum { LOG_BYTES = 1024 * 1024, LOG_SHOWN = 3000, OUTPUT_MAX = 32 * 1024 * 1024 };

static bool make_root(char **ret, lima_err *err)
{
    static unsigned serial;
    lima_process_id self = {0};
    lima_process_find(0, &self);
    char *root = lima_mem_printf("%s/lck-%u-%u", lima_host_get()->temp, (unsigned)self.pid, serial++);
    lima_file_info found;
    bool ok =
        lima_file_stat(root, false, &found, err)
        && lima_check_that(found.kind == LIMA_FILE_NONE, err, "folder '%s' exists already: remove it", root)
        && lima_dir_make(root, LIMA_FILE_PRIVATE, err);
    if (ok)
        *ret = root;
    else
        free(root);
    return ok;
}

bool lima_check_use_folder(lima_check *check, const char *name, lima_err *err)
{
    char *dir = lima_path_join(check->root, name);
    bool ok = lima_dir_make(dir, LIMA_FILE_PRIVATE, err);
    if (!ok) {
        free(dir);
        return false;
    }
    free(check->dir);
    lima_json_free(check->instance);
    check->dir = dir;
    check->instance = lima_check_document(dir, check->name);
    return true;
}

bool lima_check_setup(const lima_check_config *config, const lima_check_abilities *can,
                      lima_deadline deadline, lima_check **ret, lima_err *err)
{
    lima_check *check = lima_mem_zalloc(1, sizeof *check);
    *check = (lima_check){
        .config = config, .can = can, .deadline = deadline, .name = lima_launch_driver_name(config->driver)};
    if (make_root(&check->root, err) && lima_check_use_folder(check, "chk", err)) {
        check->log = lima_path_join(check->root, "driver.stderr.log");
        *ret = check;
        return true;
    }
    lima_check_teardown(check, NULL);
    return false;
}

/* What a case that failed half-way leaves of a VM. Asked as its host agent: without one a VM is told as
 * broken. */
static void end_vm(lima_check *check)
{
    bool running;
    lima_process_id vm;
    lima_check_begin_host_agent(check);
    lima_check_status(check, &running, NULL);
    if (lima_check_vm_process(check, &vm))
        lima_process_end_id(vm, true, NULL);
}

static char *log_tail(const lima_check *check)
{
    lima_buf log = LIMA_BUF(LOG_BYTES);
    if (!check->log || !lima_file_read(check->log, &log, NULL) || log.len == 0) {
        lima_buf_free(&log);
        return NULL;
    }
    if (log.len > LOG_SHOWN)
        lima_buf_consume(&log, log.len - LOG_SHOWN);
    char *text = lima_buf_take(&log);
    lima_str_trim(text);
    return text;
}

static void end_processes(lima_check *check)
{
    lima_process_exit status;
    for (size_t i = 0; i < check->process_count; i++) {
        lima_process_end_id(lima_process_get_id(check->processes[i]), true, NULL);
        lima_process_wait(check->processes[i], lima_clock_in(LIMA_CHECK_START_MS), NULL, &status, NULL);
        lima_process_free(check->processes[i]);
    }
    check->process_count = 0;
}

/* What CreateDisk made may lie outside the folder, where the next case would find it: a WSL distribution. The
 * case's own server may be of any kind by now, so another one is asked. */
static void delete_disk(lima_check *check)
{
    check->old = false;
    if (lima_check_serve_configured(check, NULL))
        lima_check_call(check, "Delete", NULL, NULL, NULL);
    lima_launched_stop(&check->server, LIMA_CHECK_START_MS);
}

void lima_check_teardown(lima_check *check, char **ret_log)
{
    if (!check)
        return;
    check->deadline = LIMA_DEADLINE_NEVER;
    lima_check_drop_streams(check);
    for (size_t i = 0; i < check->start_count; i++)
        lima_start_stream_close(check->starts[i]);
    for (size_t i = 0; i < check->client_count; i++)
        lima_client_close(check->clients[i]);
    if (check->vm)
        end_vm(check);
    lima_launched_stop(&check->server, LIMA_CHECK_START_MS);
    end_processes(check);
    if (ret_log)
        *ret_log = log_tail(check);
    if (check->disk)
        delete_disk(check);
    if (check->root)
        lima_dir_remove(check->root, NULL);
    lima_json_free(check->instance);
    free(check->root);
    free(check->dir);
    free(check->log);
    free(check->name);
    free(check);
}

bool lima_check_skip(lima_check *check, const char *reason)
{
    check->skip = reason;
    return true;
}

const char *lima_check_skipped(const lima_check *check)
{
    return check->skip;
}

const char *lima_check_driver(const lima_check *check)
{
    return check->config->driver;
}

const char *lima_check_dir(const lima_check *check)
{
    return check->dir;
}

const char *lima_check_root(const lima_check *check)
{
    return check->root;
}

lima_json *lima_check_instance(lima_check *check)
{
    return check->instance;
}

char *lima_check_socket(const lima_check *check)
{
    return lima_mem_printf("%s/%s.drv.sock", check->dir, check->name);
}

lima_deadline lima_check_in(const lima_check *check, uint64_t ms)
{
    lima_deadline own = lima_clock_in(ms);
    return own < check->deadline ? own : check->deadline;
}

/* ---- processes ---- */

/* What limactl 2.0 and 2.1 do before Configure: there the configuration is filled by a run of its own. */
static bool fill_by_tool(lima_check *check, lima_err *err)
{
    lima_json *config = lima_json_get_copy(check->instance, "config"), *filled = NULL;
    char *path = lima_path_join(check->dir, "lima.yaml");
    bool ok = lima_launch_configure(check->config->driver, config, path,
                                    lima_check_in(check, LIMA_CHECK_CALL_MS), &filled, err);
    if (ok)
        lima_json_set_copy(check->instance, filled, "config");
    lima_json_free(filled);
    lima_json_free(config);
    free(path);
    return ok;
}

bool lima_check_serve_as(lima_check *check, lima_launch_mode mode, lima_err *err)
{
    bool fill = mode == LIMA_LAUNCH_ANNOUNCE && check->can && check->can->tool_2_1;
    assert(!check->server.client);
    return (!fill || fill_by_tool(check, err))
           && lima_launch(check->config->driver, mode, check->dir, check->log,
                          lima_check_in(check, LIMA_CHECK_START_MS), &check->server, err);
}

void lima_check_be_old(lima_check *check)
{
    check->old = true;
}

bool lima_check_serve(lima_check *check, lima_err *err)
{
    if (!check->old && check->can->inst_dir)
        return lima_check_serve_as(check, LIMA_LAUNCH_INST_DIR, err);
    return lima_check_serve_as(check, LIMA_LAUNCH_ANNOUNCE, err);
}

bool lima_check_serve_configured(lima_check *check, lima_err *err)
{
    return lima_check_serve(check, err) && lima_check_configure(check, NULL, err);
}

lima_process *lima_check_server(const lima_check *check)
{
    return check->server.process;
}

lima_client *lima_check_main(const lima_check *check)
{
    return check->server.client;
}

const char *lima_check_served_at(const lima_check *check)
{
    return check->server.socket;
}

void lima_check_kill(lima_check *check)
{
    lima_process_exit status;
    lima_process_end_id(lima_process_get_id(check->server.process), true, NULL);
    lima_process_wait(check->server.process, lima_check_in(check, LIMA_CHECK_START_MS), NULL, &status, NULL);
    lima_launched_stop(&check->server, 0);
}

bool lima_check_start_process(lima_check *check, const char *arg1, const char *arg2, lima_process_out out,
                              lima_process **ret, lima_err *err)
{
    const char *argv[] = {check->config->driver, arg1, arg2, NULL};
    lima_process_desc desc = {.argv = argv, .out = out, .err = LIMA_PROCESS_FILE, .err_file = check->log};
    if (!lima_check_that(check->process_count < LIMA_CHECK_PROCESSES_MAX, err,
                         "too many processes in one case")
        || !lima_process_start(&desc, ret, err))
        return false;
    check->processes[check->process_count++] = *ret;
    return true;
}

bool lima_check_tool(lima_check *check, const char *flag, const char *input, lima_buf *out,
                     lima_process_exit *ret, lima_err *err)
{
    const char *argv[] = {check->config->driver, flag, NULL};
    lima_buf said = LIMA_BUF(LOG_SHOWN);
    bool ok = lima_process_run(argv, input, out, &said, lima_check_in(check, LIMA_CHECK_CALL_MS),
                               check->config->wake, ret, err);
    lima_buf_free(&said);
    return ok || lima_err_wrap(err, "%s", flag);
}

/* ---- probing ---- */

static bool probe_mode(const lima_check_config *config, lima_launch_mode mode, lima_err *err)
{
    lima_check *check = NULL;
    bool ok = lima_check_setup(config, NULL, lima_clock_in(2 * LIMA_CHECK_START_MS), &check, err)
              && lima_check_serve_as(check, mode, err);
    lima_check_teardown(check, NULL);
    return ok;
}

static bool probe_tool(const lima_check_config *config, lima_err *err)
{
    lima_check *check = NULL;
    lima_json *in = NULL, *out = NULL;
    bool ok = lima_check_setup(config, NULL, lima_clock_in(2 * LIMA_CHECK_START_MS), &check, err);
    if (ok) {
        char *path = lima_path_join(check->dir, "lima.yaml");
        in = lima_json_get_copy(check->instance, "config");
        ok = lima_launch_configure(config->driver, in, path, lima_check_in(check, LIMA_CHECK_CALL_MS), &out,
                                   err);
        free(path);
    }
    lima_json_free(in);
    lima_json_free(out);
    lima_check_teardown(check, NULL);
    return ok;
}

void lima_check_probe(const lima_check_config *config, unsigned needs, lima_check_abilities *ret)
{
    ret->inst_dir = probe_mode(config, LIMA_LAUNCH_INST_DIR, &ret->inst_dir_err);
    if (!ret->inst_dir || (needs & LIMA_CHECK_ANNOUNCE))
        ret->announce = probe_mode(config, LIMA_LAUNCH_ANNOUNCE, &ret->announce_err);
    if (ret->announce || (needs & LIMA_CHECK_TOOL_2_1))
        ret->tool_2_1 = probe_tool(config, &ret->tool_2_1_err);
}

bool lima_check_that(bool ok, lima_err *err, const char *fmt, ...)
{
    if (ok)
        return true;
    va_list args;
    va_start(args, fmt);
    lima_err_vset(err, LIMA_CODE_FAILED_PRECONDITION, 0, fmt, args);
    va_end(args);
    return false;
}
