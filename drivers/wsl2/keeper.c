/* How it works: two readers take what the guest's side says, line by line, into a block under a monitor;
 * whoever waits for a word waits on that. A monitor cannot wait for a wake too, so these waits look at
 * theirs several times a second. */
#include "wsl2/keeper.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "wsl2/argv.h"
#include "wsl2/output.h"
#include "wsl2/reader.h"
#include "wsl2/wsl_exe.h"

enum { LOOK_MS = 50, DRAIN_MS = 2000, WORDS_MAX = 4096, WRITE_MS = 2000 };

struct wsl2_keeper {
    char *what;
    lima_process *process;
    wsl2_reader *readers[2];
    wsl2_lines lines[2];
    lima_monitor *turn;    /* one writer at a time */
    lima_monitor *monitor; /* guards what follows */
    bool began, sshd_ready, sshd_failed, stopped;
    unsigned open; /* outputs that have not ended */
    char sshd_why[sizeof((wsl2_line *)0)->text];
    lima_buf noise[2]; /* what else was said: wsl.exe's own words, when it fails */
};

/* ---- what it says ---- */

static void note(wsl2_keeper *keeper, const wsl2_line *line)
{
    if (line->word == WSL2_WORD_KEEPER)
        keeper->began = true;
    if (line->word == WSL2_WORD_SSHD_READY)
        keeper->sshd_ready = true;
    if (line->word == WSL2_WORD_SSHD_FAILED) {
        keeper->sshd_failed = true;
        memcpy(keeper->sshd_why, line->text, sizeof keeper->sshd_why);
    }
    if (line->word == WSL2_WORD_STOPPED)
        keeper->stopped = true;
}

/* The first words are kept: they say why it failed. What comes later is the guest's, for the log. */
static void keep_noise(wsl2_keeper *keeper, unsigned number, const char *line, size_t len)
{
    lima_buf *into = &keeper->noise[number];

    if (len + 1 <= into->limit - into->len) {
        lima_buf_add(into, line, len);
        lima_buf_add(into, "\n", 1);
    }
    lima_log_debug("%s: %.*s", keeper->what, (int)(len < 500 ? len : 500), line);
}

static void said(wsl2_keeper *keeper, unsigned number, const char *line, size_t len)
{
    wsl2_line word = {0};

    if (number == 0)
        lima_wsl2_guest_line(line, len, &word);
    lima_monitor_enter(keeper->monitor);
    if (word.word == WSL2_WORD_NOISE)
        keep_noise(keeper, number, line, len);
    note(keeper, &word);
    lima_monitor_notify(keeper->monitor);
    lima_monitor_leave(keeper->monitor);
}

static void said_out(void *arg, const char *line, size_t len)
{
    said(arg, 0, line, len);
}

static void said_err(void *arg, const char *line, size_t len)
{
    said(arg, 1, line, len);
}

static void output_ended(void *arg)
{
    wsl2_keeper *keeper = arg;

    lima_monitor_enter(keeper->monitor);
    keeper->open--;
    lima_monitor_notify(keeper->monitor);
    lima_monitor_leave(keeper->monitor);
}

static bool start_readers(wsl2_keeper *keeper, lima_err *err)
{
    keeper->lines[0] = (wsl2_lines){.line = said_out, .ended = output_ended, .arg = keeper};
    keeper->lines[1] = (wsl2_lines){.line = said_err, .ended = output_ended, .arg = keeper};
    keeper->open = 2;
    for (unsigned i = 0; i < 2; i++)
        if (!lima_wsl2_reader_start(lima_process_stream(keeper->process, i + 1), lima_wsl2_lines_got,
                                    &keeper->lines[i], &keeper->readers[i], err))
            return false;
    return true;
}

/* ---- waiting for a word ---- */

static bool ended(const wsl2_keeper *keeper)
{
    lima_process_exit end;

    return lima_process_wait(keeper->process, 0, NULL, &end, NULL);
}

typedef bool condition(const wsl2_keeper *keeper);

static bool is_true(wsl2_keeper *keeper, condition *holds)
{
    lima_monitor_enter(keeper->monitor);
    bool now = holds(keeper);
    lima_monitor_leave(keeper->monitor);
    return now;
}

/* What an ended child has said last is still on its way. */
static bool holds_at_the_end(wsl2_keeper *keeper, condition *holds)
{
    lima_deadline deadline = lima_clock_in(DRAIN_MS);

    lima_monitor_enter(keeper->monitor);
    while (!holds(keeper) && keeper->open && lima_monitor_wait(keeper->monitor, deadline))
        ;
    bool now = holds(keeper);
    lima_monitor_leave(keeper->monitor);
    return now;
}

/* True: it holds. UNAVAILABLE: the child has ended without it. */
static bool await(wsl2_keeper *keeper, condition *holds, lima_deadline deadline, lima_wake *wake,
                  lima_err *err)
{
    while (!is_true(keeper, holds)) {
        if (ended(keeper))
            return holds_at_the_end(keeper, holds)
                   || lima_err_set(err, LIMA_CODE_UNAVAILABLE, "it has ended");
        if (lima_wake_wait(wake, 0))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "cancelled");
        if (lima_clock_now() >= deadline)
            return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "no answer in time");
        lima_monitor_enter(keeper->monitor);
        if (!holds(keeper))
            lima_monitor_wait(keeper->monitor, lima_clock_in(LOOK_MS));
        lima_monitor_leave(keeper->monitor);
    }
    return true;
}

/* ---- starting ---- */

static bool has_begun(const wsl2_keeper *keeper)
{
    return keeper->began;
}

static bool explain(wsl2_keeper *keeper, bool *ret_retryable, lima_err *err)
{
    lima_process_exit end = {0};
    char *out = lima_wsl2_output_text(lima_buf_str(&keeper->noise[0]), keeper->noise[0].len),
         *err_out = lima_wsl2_output_text(lima_buf_str(&keeper->noise[1]), keeper->noise[1].len);

    lima_process_wait(keeper->process, 0, NULL, &end, NULL);
    wsl2_failure failure = {
        .what = keeper->what, .exit_text = end.text, .exit_code = end.code, .out = out, .err_out = err_out};
    lima_wsl2_failed(&failure, NULL, ret_retryable, err);
    free(out);
    free(err_out);
    return false;
}

static bool begin(wsl2_keeper *keeper, const lima_strv *argv, lima_wake *wake, bool *ret_retryable,
                  lima_err *err)
{
    lima_process_desc desc = {.argv = lima_strv_items(argv),
                              .env_add = lima_wsl2_environment(),
                              .in = LIMA_PROCESS_PIPE,
                              .out = LIMA_PROCESS_PIPE,
                              .err = LIMA_PROCESS_PIPE};
    lima_err why = {0};

    if (!lima_process_start(&desc, &keeper->process, err) || !start_readers(keeper, err))
        return lima_err_wrap(err, "%s", keeper->what);
    if (await(keeper, has_begun, lima_wsl2_in(WSL2_LAUNCH_MS), wake, &why))
        return true;
    if (why.code == LIMA_CODE_UNAVAILABLE)
        return explain(keeper, ret_retryable, err);
    return lima_err_set(err, why.code, "%s: %s", keeper->what, why.text);
}

bool lima_wsl2_keeper_start(const lima_strv *argv, const char *what, lima_wake *wake, wsl2_keeper **ret,
                            bool *ret_retryable, lima_err *err)
{
    wsl2_keeper *keeper = lima_mem_zalloc(1, sizeof *keeper);

    *keeper = (wsl2_keeper){.what = lima_mem_strdup(what),
                            .turn = lima_monitor_new(),
                            .monitor = lima_monitor_new(),
                            .noise = {LIMA_BUF(WORDS_MAX), LIMA_BUF(WORDS_MAX)}};
    *ret_retryable = false;
    if (!begin(keeper, argv, wake, ret_retryable, err)) {
        lima_wsl2_keeper_free(keeper);
        return false;
    }
    *ret = keeper;
    return true;
}

lima_process_id lima_wsl2_keeper_id(const wsl2_keeper *keeper)
{
    return lima_process_get_id(keeper->process);
}

/* ---- while it runs ---- */

static bool sshd_is_decided(const wsl2_keeper *keeper)
{
    return keeper->sshd_ready || keeper->sshd_failed;
}

bool lima_wsl2_keeper_await_sshd(wsl2_keeper *keeper, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    lima_err why = {0};

    if (!await(keeper, sshd_is_decided, deadline, wake, &why))
        return lima_err_set(err, why.code, "the guest's SSH server: %s", why.text);
    lima_monitor_enter(keeper->monitor);
    bool ready = keeper->sshd_ready;
    if (!ready)
        lima_err_set(err, LIMA_CODE_UNAVAILABLE, "the guest's SSH server does not start: %s",
                     keeper->sshd_why);
    lima_monitor_leave(keeper->monitor);
    return ready;
}

bool lima_wsl2_keeper_wait(wsl2_keeper *keeper, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    lima_process_exit end;

    return lima_process_wait(keeper->process, deadline, wake, &end, err);
}

char *lima_wsl2_keeper_last_words(wsl2_keeper *keeper)
{
    lima_process_exit end = {0};

    lima_process_wait(keeper->process, 0, NULL, &end, NULL);
    lima_monitor_enter(keeper->monitor);
    char *text = lima_wsl2_output_text(lima_buf_str(&keeper->noise[0]), keeper->noise[0].len);
    lima_monitor_leave(keeper->monitor);
    char *line = lima_wsl2_output_one_line(text, 300);
    char *words = *line ? lima_mem_printf("%s: %s", end.text, line) : lima_mem_strdup(end.text);
    free(line);
    free(text);
    return words;
}

static bool order(wsl2_keeper *keeper, const char *line, lima_wake *wake)
{
    lima_monitor_enter(keeper->turn);
    bool ok = lima_stream_write(lima_process_stream(keeper->process, 0), line, strlen(line),
                                lima_clock_in(WRITE_MS), wake, NULL);
    lima_monitor_leave(keeper->turn);
    return ok;
}

void lima_wsl2_keeper_ping(wsl2_keeper *keeper)
{
    order(keeper, "ping 1\n", NULL);
}

static bool has_stopped(const wsl2_keeper *keeper)
{
    return keeper->stopped;
}

bool lima_wsl2_keeper_stop(wsl2_keeper *keeper, lima_deadline deadline, lima_wake *wake)
{
    lima_err why = {0};

    if (!order(keeper, "stop\n", wake))
        return ended(keeper);
    return await(keeper, has_stopped, deadline, wake, &why) || why.code == LIMA_CODE_UNAVAILABLE;
}

static void forget(wsl2_keeper *keeper)
{
    for (unsigned i = 0; i < 2; i++)
        lima_wsl2_reader_end(keeper->readers[i], 0);
    lima_process_free(keeper->process);
    lima_buf_free(&keeper->noise[0]);
    lima_buf_free(&keeper->noise[1]);
    lima_monitor_free(keeper->turn);
    lima_monitor_free(keeper->monitor);
    free(keeper->what);
    free(keeper);
}

void lima_wsl2_keeper_release(wsl2_keeper *keeper)
{
    if (keeper)
        forget(keeper);
}

void lima_wsl2_keeper_free(wsl2_keeper *keeper)
{
    lima_process_exit end;

    if (!keeper)
        return;
    if (keeper->process) {
        lima_process_end(keeper->process, true);
        lima_process_wait(keeper->process, lima_clock_in(WSL2_KILL_MS), NULL, &end, NULL);
    }
    forget(keeper);
}
