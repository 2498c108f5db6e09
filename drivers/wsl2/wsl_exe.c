/* How it works: two readers collect the outputs while this thread feeds the input and waits for the end.
 * wsl.exe's standard input is never inherited: the stub of a machine without WSL waits a minute for a key
 * there.
 *
 * Deliberately not here: PATH. An alias of the Store in it may answer "access denied", and a stranger's
 * wsl.exe anything. */
#include "wsl2/wsl_exe.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "os/file.h"
#include "os/host.h"
#include "win/registry.h"
#include "wsl2/argv.h"
#include "wsl2/output.h"
#include "wsl2/reader.h"
#include "wsl2/registration.h"

enum { DRAIN_MS = 2000, RETRY_PAUSE_MS = 2000, SLICE_MS = 1000, PERCENT_MIN = 1, PERCENT_MAX = 10000 };

/* ---- where it is ---- */

static bool is_file(const char *path)
{
    lima_file_info info = {0};

    return lima_file_stat(path, true, &info, NULL) && info.kind == LIMA_FILE_REGULAR;
}

/* Value of Lxss\MSI of the machine; owned, NULL: none. */
static char *package_text(const char *name)
{
    lima_registry_key key = {0};
    char *text = NULL;

    if (lima_registry_read(LIMA_REGISTRY_MACHINE, WSL2_LXSS_KEY "\\MSI", &key, NULL))
        text = lima_mem_strdup(lima_registry_text(&key, name));
    lima_registry_free(&key);
    return text;
}

/* `folder`\[below\]wsl.exe if it is there; takes `folder` over. */
static char *exe_in(char *folder, const char *below)
{
    char *dir = folder && below ? lima_path_join(folder, below) : lima_mem_strdup(folder);
    char *path = dir ? lima_path_join(dir, "wsl.exe") : NULL;

    free(folder);
    free(dir);
    if (path && is_file(path))
        return path;
    free(path);
    return NULL;
}

bool lima_wsl2_exe_find(char **ret, lima_err *err)
{
    char *given = lima_env_get("LIMA_WSL_EXE");

    if (!lima_str_empty(given)) {
        if (is_file(given)) {
            *ret = given;
            return true;
        }
        lima_err_set(err, LIMA_CODE_NOT_FOUND,
                     "LIMA_WSL_EXE names '%s', which is no file; correct or unset it", given);
        free(given);
        return false;
    }
    free(given);
    char *found = exe_in(package_text("InstallLocation"), NULL);
    if (!found)
        found = exe_in(lima_env_get("SystemRoot"), "System32");
    if (!found)
        return lima_err_set(
            err, LIMA_CODE_FAILED_PRECONDITION,
            "WSL is not installed (there is no wsl.exe); run `wsl --install --no-distribution` as "
            "administrator, or set LIMA_WSL_EXE");
    *ret = found;
    return true;
}

bool lima_wsl2_exe_version(wsl2_version *ret)
{
    char *text = package_text("Version");
    bool ok = text && lima_wsl2_version_parse(text, strlen(text), ret, NULL);

    free(text);
    return ok;
}

/* ---- time ---- */

lima_deadline lima_wsl2_in(uint64_t ms)
{
    char *text = lima_env_get("LIMA_WSL_TIMEOUT_PERCENT");
    uint32_t percent = 100;

    if (text && lima_parse_u32(text, &percent, NULL))
        percent = percent < PERCENT_MIN ? PERCENT_MIN : percent > PERCENT_MAX ? PERCENT_MAX : percent;
    free(text);
    return lima_clock_in(ms * percent / 100);
}

/* ---- one run ---- */

static void keep(void *arg, const char *bytes, size_t len)
{
    lima_buf *into = arg;
    size_t room = into->limit - into->len;

    if (len)
        lima_buf_add(into, bytes, len < room ? len : room);
}

/* The log names a script, and does not repeat it: it is the same each time. */
static void log_command(const wsl2_run *run)
{
    lima_strv shown = {0};

    for (size_t i = 0; i < run->argv->len; i++) {
        const char *word = run->argv->items[i];
        if (strpbrk(word, "\r\n"))
            lima_strv_addf(&shown, "(%zu bytes of script)", strlen(word));
        else
            lima_strv_add(&shown, word);
    }
    char *line = lima_strv_join(&shown, " ");
    lima_log_debug("run %s: %s", run->what, line);
    free(line);
    lima_strv_free(&shown);
}

static bool begin(const wsl2_run *run, lima_process **ret, lima_err *err)
{
    lima_process_desc desc = {.argv = lima_strv_items(run->argv),
                              .env_add = lima_wsl2_environment(),
                              .in = run->feed ? LIMA_PROCESS_PIPE : LIMA_PROCESS_NULL,
                              .out = LIMA_PROCESS_PIPE,
                              .err = LIMA_PROCESS_PIPE};
    bool ok = lima_process_start(&desc, ret, err);

    log_command(run);
    return ok || lima_err_wrap(err, "%s: start '%s'", run->what, run->argv->items[0]);
}

static bool no_answer(const wsl2_run *run, lima_err *err)
{
    return lima_err_set(
        err, LIMA_CODE_DEADLINE_EXCEEDED,
        "%s: wsl.exe does not answer; it was ended. The WSL service may hang, or be busy with another "
        "distribution: try again, then `wsl --shutdown` (it stops all distributions), then restart Windows",
        run->what);
}

/* A child that does not want its input any more says why by its end. */
static bool feed(const wsl2_run *run, lima_process *process, lima_err *err)
{
    lima_stream *into = lima_process_stream(process, 0);
    lima_err failure = {0};

    if (!run->feed)
        return true;
    bool ok = run->feed(run->feed_arg, into, run->wake, &failure);
    lima_stream_end_write(into);
    if (ok || failure.code == LIMA_CODE_UNAVAILABLE)
        return true;
    if (failure.code == LIMA_CODE_DEADLINE_EXCEEDED)
        return no_answer(run, err);
    return lima_err_set(err, failure.code, "%s: %s", run->what, failure.text);
}

typedef struct watch {
    lima_deadline limit, idle;
    uint64_t seen;
} watch;

static lima_deadline next_look(const wsl2_run *run, const watch *times)
{
    lima_deadline next = run->progress ? lima_clock_in(SLICE_MS) : times->limit;

    next = next < times->limit ? next : times->limit;
    return run->progress && times->idle < next ? times->idle : next;
}

static bool too_late(const wsl2_run *run, watch *times)
{
    uint64_t now = lima_clock_now();
    uint64_t count = run->progress ? run->progress(run->progress_arg) : 0;

    if (count != times->seen) {
        times->seen = count;
        times->idle = lima_wsl2_in(WSL2_IDLE_MS);
    }
    return now >= times->limit || (run->progress && now >= times->idle);
}

/* Time counts from when the input was taken, whose single steps have deadlines of their own. */
static bool await_end(const wsl2_run *run, lima_process *process, lima_process_exit *ret, lima_err *err)
{
    watch times = {.limit = lima_wsl2_in(run->limit_ms), .idle = lima_wsl2_in(WSL2_IDLE_MS)};
    lima_err failure = {0};

    while (!lima_process_wait(process, next_look(run, &times), run->wake, ret, &failure)) {
        if (failure.code != LIMA_CODE_DEADLINE_EXCEEDED)
            return lima_err_set(err, failure.code, "%s: %s", run->what, failure.text);
        if (too_late(run, &times))
            return no_answer(run, err);
    }
    return true;
}

static void kill_tree(lima_process *process)
{
    lima_process_exit end;

    lima_process_end(process, true);
    lima_process_wait(process, lima_clock_in(WSL2_KILL_MS), NULL, &end, NULL);
}

static bool judge(const wsl2_run *run, wsl2_said *said, lima_err *err)
{
    if (!said->end.signaled && said->end.code == 0)
        return true;
    char *out = lima_wsl2_output_text(lima_buf_str(&said->out), said->out.len),
         *err_out = lima_wsl2_output_text(lima_buf_str(&said->err_out), said->err_out.len);
    wsl2_failure failure = {.what = run->what,
                            .exit_text = said->end.text,
                            .exit_code = said->end.code,
                            .out = out,
                            .err_out = err_out};
    lima_wsl2_failed(&failure, &said->trouble, &said->retryable, err);
    free(out);
    free(err_out);
    return false;
}

static bool run_once(const wsl2_run *run, wsl2_said *ret, lima_err *err)
{
    lima_process *process = NULL;
    wsl2_reader *out = NULL, *err_out = NULL;

    *ret = (wsl2_said){.out = LIMA_BUF(WSL2_SAID_MAX), .err_out = LIMA_BUF(WSL2_SAID_MAX)};
    bool ok = begin(run, &process, err)
              && lima_wsl2_reader_start(lima_process_stream(process, 1), keep, &ret->out, &out, err)
              && lima_wsl2_reader_start(lima_process_stream(process, 2), keep, &ret->err_out, &err_out, err)
              && feed(run, process, err) && await_end(run, process, &ret->end, err);
    if (process && !ok)
        kill_tree(process);
    lima_wsl2_reader_end(out, lima_clock_in(DRAIN_MS));
    lima_wsl2_reader_end(err_out, lima_clock_in(ok ? DRAIN_MS : 0));
    lima_process_free(process);
    return ok && judge(run, ret, err);
}

bool lima_wsl2_run(const wsl2_run *run, wsl2_said *ret, lima_err *err)
{
    lima_err first = {0};

    if (run_once(run, ret, &first))
        return true;
    if (!run->retry || !ret->retryable || lima_wake_wait(run->wake, lima_wsl2_in(RETRY_PAUSE_MS)))
        return lima_err_set(err, first.code, "%s", first.text);
    lima_log_warn("%s; trying once more", first.text);
    lima_wsl2_said_free(ret);
    return run_once(run, ret, err);
}

void lima_wsl2_said_free(wsl2_said *said)
{
    lima_buf_free(&said->out);
    lima_buf_free(&said->err_out);
}

bool lima_wsl2_run_quietly(const wsl2_run *run, lima_err *err)
{
    wsl2_said said;
    bool ok = lima_wsl2_run(run, &said, err);

    lima_wsl2_said_free(&said);
    return ok;
}

bool lima_wsl2_feed_text(void *arg, lima_stream *into, lima_wake *wake, lima_err *err)
{
    const char *text = arg;

    return lima_stream_write(into, text, strlen(text), lima_wsl2_in(WSL2_LAUNCH_MS), wake, err);
}
