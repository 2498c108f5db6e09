/* limadrv: the tool beside the drivers. */
#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "command.h"
#include "os/process.h"
#include "out.h"

static void set_log_level(const lima_ctl_args *args)
{
    const char *text = lima_ctl_bool(args, "debug") ? "debug" : lima_ctl_str(args, "log-level");
    lima_log_level level = LIMA_LOG_INFO;
    if (text && lima_log_parse_level(text, &level, NULL))
        lima_log_set_level(level);
}

static int help(const lima_ctl_args *args)
{
    lima_buf text = LIMA_BUF(256 * 1024);
    lima_ctl_add_help(&lima_ctl_limadrv, lima_ctl_args_command(args), &text);
    fputs(lima_buf_str(&text), stdout);
    lima_buf_free(&text);
    return LIMA_CTL_OK;
}

static int run(const lima_ctl_args *args)
{
    if (lima_ctl_wants_help(args))
        return help(args);
    set_log_level(args);
    return lima_ctl_args_command(args)->run(args);
}

int main(int argc, char **argv)
{
    lima_err err = {0};
    lima_ctl_args *args = NULL;
    lima_wake *stop = lima_wake_new();
    int code = LIMA_CTL_FAILED;
    if (!lima_process_set_role(LIMA_PROCESS_TOOL, stop, &err)) {
        fprintf(stderr, "limadrv: error: %s\n", err.text);
    } else if (!lima_ctl_parse(&lima_ctl_limadrv, argc, argv, stop, &args, &err)) {
        fprintf(stderr, "%s\n", err.text);
        code = LIMA_CTL_USAGE;
    } else {
        code = lima_out_finish(run(args));
    }
    lima_ctl_args_free(args);
    return code; /* `stop` lives as long as the process */
}
