/* limadrv check DRIVER: the command line around the kit. */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/check/check.h"
#include "ctl/command.h"
#include "ctl/find.h"
#include "ctl/out.h"

/* Where the report goes: standard output, or the file of --output. */
typedef struct output {
    const lima_ctl_args *args;
    FILE *to;
} output;

static bool open_output(const lima_ctl_args *args, output *ret, lima_err *err)
{
    const char *path = lima_ctl_str(args, "output");
    *ret = (output){args, path ? fopen(path, "w") : stdout};
    return ret->to || lima_err_set(err, LIMA_CODE_UNKNOWN, "'%s' cannot be written", path);
}

/* Standard output that cannot be written is told by lima_out_finish, for all commands. */
static void put(const output *out, const lima_buf *text)
{
    fwrite(lima_buf_str(text), 1, text->len, out->to);
    if (out->to == stdout)
        lima_out_flush(out->args);
    else
        fflush(out->to);
}

static bool close_output(const output *out, lima_err *err)
{
    if (out->to == stdout)
        return true;
    bool failed = ferror(out->to);
    failed |= fclose(out->to) != 0;
    return !failed
           || lima_err_set(err, LIMA_CODE_UNKNOWN, "'%s' cannot be written",
                           lima_ctl_str(out->args, "output"));
}

static void tap_each(void *arg, const lima_check_report *sofar)
{
    lima_buf text = LIMA_BUF(LIMA_CHECK_OUTPUT_MAX);
    lima_check_add_tap_result(sofar, sofar->len - 1, &text);
    put(arg, &text);
    lima_buf_free(&text);
}

static void add_report(const char *format, const lima_check_report *report, lima_buf *into)
{
    if (lima_str_eq(format, "junit"))
        lima_check_add_junit(report, into);
    else if (lima_str_eq(format, "json"))
        lima_check_add_json(report, into);
    else
        lima_check_add_tap_tail(report, into);
}

static bool list(const output *out, lima_err *err)
{
    const lima_check_case **cases;
    size_t count;
    lima_buf text = LIMA_BUF(LIMA_CHECK_OUTPUT_MAX);
    if (!lima_check_choose(lima_ctl_str(out->args, "only"), &cases, &count, err))
        return false;
    if (lima_ctl_given(out->args, "format"))
        lima_check_add_list_json(cases, count, &text);
    else
        lima_check_add_list(cases, count, &text);
    put(out, &text);
    lima_buf_free(&text);
    free(cases);
    return true;
}

static bool prepare(const lima_ctl_args *args, lima_check_config *config, char **ret_driver, lima_err *err)
{
    const char *skips = lima_ctl_str(args, "skip-file");
    config->only = lima_ctl_str(args, "only");
    config->guest = lima_ctl_str(args, "vm");
    config->timeout_ms = (uint32_t)lima_ctl_number(args, "timeout");
    config->wake = lima_ctl_wake(args);
    if ((skips && !lima_check_read_skips(skips, config, err))
        || !lima_find_driver(lima_ctl_operand_at(args, 0), ret_driver, err))
        return false;
    config->driver = *ret_driver;
    return true;
}

/* *ret_clean: no case has failed. */
static bool check(output *out, bool *ret_clean, lima_err *err)
{
    lima_check_config config = {0};
    lima_check_report report = {0};
    char *driver = NULL;
    const char *format = lima_ctl_str(out->args, "format");
    lima_buf text = LIMA_BUF(LIMA_CHECK_OUTPUT_MAX);
    bool ok = prepare(out->args, &config, &driver, err)
              && lima_check_run(&config, lima_str_eq(format, "tap") ? tap_each : NULL, out, &report, err);
    if (ok) {
        add_report(format, &report, &text);
        put(out, &text);
        *ret_clean = report.failed == 0;
        ok = !lima_wake_wait(config.wake, 0)
             || lima_err_set(err, LIMA_CODE_CANCELLED, "the run was cancelled");
    }
    lima_check_report_free(&report);
    lima_buf_free(&text);
    lima_check_config_free(&config);
    free(driver);
    return ok;
}

int lima_ctl_check(const lima_ctl_args *args)
{
    output out = {0};
    lima_err err = {0};
    bool lists = lima_ctl_bool(args, "list"), clean = true;
    const char *format = lima_ctl_str(args, "format");
    if (!lists && !lima_ctl_operand_at(args, 0))
        return lima_ctl_misuse(args, "which driver? Give its name or path");
    if (lists && lima_ctl_given(args, "format") && !lima_str_eq(format, "json"))
        return lima_ctl_misuse(args, "--list has no form '%s'; it prints text, with --format json JSON",
                               format);
    if (!open_output(args, &out, &err))
        return lima_ctl_fail(args, &err);
    bool ok = lists ? list(&out, &err) : check(&out, &clean, &err);
    ok = close_output(&out, ok ? &err : NULL) && ok;
    if (!ok)
        return lima_ctl_fail(args, &err);
    return clean ? LIMA_CTL_OK : LIMA_CTL_FAILED;
}
