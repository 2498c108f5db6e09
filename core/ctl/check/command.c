/* limadrv check DRIVER: the command line around the kit. */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/check/check.h"
#include "ctl/command.h"
#include "ctl/find.h"
#include "os/file.h"

typedef struct tap_output {
    FILE *to;
} tap_output;

static bool write_out(FILE *to, const lima_buf *text)
{
    return fwrite(lima_buf_str(text), 1, text->len, to) == text->len && fflush(to) == 0;
}

static void tap_each(void *arg, const lima_check_report *sofar)
{
    tap_output *output = arg;
    lima_buf text = LIMA_BUF(LIMA_CHECK_OUTPUT_MAX);
    lima_check_add_tap_result(sofar, sofar->len - 1, &text);
    write_out(output->to, &text);
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

static int list(const lima_ctl_args *args)
{
    lima_buf text = LIMA_BUF(LIMA_CHECK_OUTPUT_MAX);
    lima_check_add_list(lima_ctl_str(args, "only"), &text);
    bool ok = write_out(stdout, &text);
    lima_buf_free(&text);
    return ok ? LIMA_CTL_OK : LIMA_CTL_FAILED;
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

static bool check(const lima_ctl_args *args, FILE *to, lima_check_report *report, lima_err *err)
{
    lima_check_config config = {0};
    char *driver = NULL;
    const char *format = lima_ctl_str(args, "format");
    bool tap = lima_str_eq(format, "tap");
    tap_output output = {to};
    lima_buf text = LIMA_BUF(LIMA_CHECK_OUTPUT_MAX);
    bool ok = prepare(args, &config, &driver, err)
              && lima_check_run(&config, tap ? tap_each : NULL, &output, report, err);
    if (ok) {
        add_report(format, report, &text);
        ok = write_out(to, &text) || lima_err_set(err, LIMA_CODE_UNKNOWN, "cannot write the results");
    }
    lima_buf_free(&text);
    lima_check_config_free(&config);
    free(driver);
    return ok;
}

int lima_ctl_check(const lima_ctl_args *args)
{
    lima_check_report report = {0};
    lima_err err = {0};
    const char *path = lima_ctl_str(args, "output");
    if (lima_ctl_bool(args, "list"))
        return list(args);
    if (!lima_ctl_operand_at(args, 0))
        return lima_ctl_misuse(args, "which driver? Give its name or path");
    FILE *to = path ? fopen(path, "w") : stdout;
    if (!to) {
        lima_err_set(&err, LIMA_CODE_UNKNOWN, "'%s' cannot be written", path);
        return lima_ctl_fail(args, &err);
    }
    bool ok = check(args, to, &report, &err);
    bool clean = ok && report.failed == 0;
    if (path && fclose(to) != 0)
        ok = lima_err_set(&err, LIMA_CODE_UNKNOWN, "'%s' cannot be written", path);
    lima_check_report_free(&report);
    if (!ok)
        return lima_ctl_fail(args, &err);
    return clean ? LIMA_CTL_OK : LIMA_CTL_FAILED;
}
