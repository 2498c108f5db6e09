/* limadrv prep: what an administrator has to give once, before a user's first VM. The driver knows what that
 * is, and does it (--prep); this asks and prints. */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "command.h"
#include "find.h"
#include "os/host.h"
#include "out.h"
#include "rpc/launch.h"

/* Drivers of ours that exist on one system only. */
static bool explain_absence(const char *driver, lima_err *err)
{
    bool of_windows = lima_str_eq(driver, "hyperv") || lima_str_eq(driver, "wsl2");

    if (err->code != LIMA_CODE_NOT_FOUND || !of_windows || lima_str_eq(lima_host_get()->os, "windows"))
        return false;
    return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                        "driver '%s' needs Windows; on this computer there is nothing to prepare for it",
                        driver);
}

static void print_human(const lima_ctl_args *args, const lima_json *answer)
{
    const char *next = lima_json_str(answer, "", "next");
    bool ready = lima_json_bool(answer, false, "ready");
    lima_strv cells = {0};

    for (size_t i = 0; i < lima_json_count(answer, "done"); i++)
        printf("%s\n", lima_json_str(answer, "?", "done[%zu]", i));
    for (size_t i = 0; i < lima_json_count(answer, "facts"); i++) {
        lima_strv_addf(&cells, "%s:", lima_json_str(answer, "?", "facts[%zu].name", i));
        lima_strv_add(&cells, lima_json_str(answer, "?", "facts[%zu].value", i));
    }
    lima_strv_add(&cells, "Ready:");
    char *word = lima_out_paint(lima_out_colored(args, 1), ready ? LIMA_COLOR_GREEN : LIMA_COLOR_RED,
                                ready ? "yes" : "no");
    lima_strv_add(&cells, word);
    free(word);
    lima_out_table(&cells, 2);
    if (*next)
        printf("Next step:  %s\n", next);
    lima_strv_free(&cells);
}

static bool check_flags(const lima_ctl_args *args, const char **ret_action)
{
    bool status = lima_ctl_bool(args, "status"), undo = lima_ctl_bool(args, "undo");

    *ret_action = status ? "status" : undo ? "undo" : "prepare";
    return !(status && undo) && !((status || undo) && lima_ctl_given(args, "user"));
}

int lima_ctl_prep(const lima_ctl_args *args)
{
    const char *driver = lima_ctl_operand_at(args, 0), *action = NULL;
    lima_err err = {0};
    lima_json *answer = NULL;
    char *path = NULL;

    if (!check_flags(args, &action))
        return lima_ctl_misuse(args, "only one of --status, --undo and --user can be given");
    bool ok = lima_find_driver_beside(driver, &path, &err) || explain_absence(driver, &err);
    ok = ok
         && lima_launch_prep(path, action, lima_ctl_str(args, "user"),
                             lima_clock_in(lima_ctl_number(args, "timeout")), lima_ctl_wake(args), &answer,
                             &err);
    if (ok && lima_ctl_bool(args, "json"))
        lima_out_json(answer);
    else if (ok)
        print_human(args, answer);
    bool missing = ok && lima_ctl_bool(args, "status") && !lima_json_bool(answer, false, "ready");
    lima_json_free(answer);
    free(path);
    if (!ok)
        return lima_ctl_fail(args, &err);
    return missing ? LIMA_CTL_FAILED : LIMA_CTL_OK;
}
