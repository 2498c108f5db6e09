/* limadrv list.
 *
 * What a driver serves is found out by running it as each generation of limactl does: that is the only
 * evidence that counts. Drivers that limactl would not take are shown as well, with the reason. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "command.h"
#include "find.h"
#include "os/file.h"
#include "os/process.h"
#include "out.h"
#include "rpc/launch.h"
#include "scratch.h"

struct probe {
    char *version; /* owned; "" when the program does not tell */
    bool announce, inst_dir, inspect;
    char *trouble; /* owned; NULL, or why it serves nobody */
};

/* The number in the output of --version; programs that know no such flag print something else, or fail. */
static char *ask_version(const char *program, uint64_t timeout)
{
    const char *const argv[] = {program, "--version", NULL};
    lima_buf out = LIMA_BUF(4096);
    lima_process_exit end = {0};
    lima_version version = {0};
    bool ok = lima_process_run(argv, NULL, &out, NULL, lima_clock_in(timeout), NULL, &end, NULL)
              && !end.signaled && end.code == 0 && lima_parse_version(lima_buf_str(&out), &version, NULL);
    lima_buf_free(&out);
    return ok ? lima_mem_printf("%u.%u.%u", version.major, version.minor, version.patch)
              : lima_mem_strdup("");
}

static bool try_mode(const char *program, lima_launch_mode mode, const char *dir, uint64_t timeout,
                     lima_err *err)
{
    lima_launched launched = {0};
    lima_json *reply = NULL;
    lima_deadline deadline = lima_clock_in(timeout);
    bool ok = lima_launch(program, mode, dir, NULL, deadline, &launched, err)
              && lima_client_call(launched.client, "Info", NULL, deadline, NULL, &reply, err);
    lima_json_free(reply);
    lima_launched_stop(&launched, 2000);
    return ok;
}

static struct probe run_probe(const char *program, uint64_t timeout)
{
    struct probe probe = {.version = ask_version(program, timeout)};
    char *dir = NULL;
    lima_err err = {0};
    if (!lima_scratch_make(&dir, &err)) {
        probe.trouble = lima_mem_strdup(err.text);
        return probe;
    }
    probe.inst_dir = try_mode(program, LIMA_LAUNCH_INST_DIR, dir, timeout, &err);
    probe.announce = try_mode(program, LIMA_LAUNCH_ANNOUNCE, NULL, timeout, probe.inst_dir ? NULL : &err);
    if (!probe.inst_dir && !probe.announce)
        probe.trouble = lima_mem_strdup(err.text);
    lima_scratch_remove(dir, NULL);
    return probe;
}

static void probe_free(struct probe *probe)
{
    free(probe->version);
    free(probe->trouble);
}

static const char *generations(const struct probe *probe)
{
    return probe->announce && probe->inst_dir ? "2.0+"
           : probe->inst_dir                  ? "2.2+"
           : probe->announce                  ? "2.0-2.1"
                                              : "none";
}

static char *remark(const lima_found *found, const struct probe *probe)
{
    lima_buf text = LIMA_BUF(8192);
    if (found->unusable)
        lima_buf_add_str(&text, found->unusable);
    if (found->alias)
        lima_buf_addf(&text, "; as '%s' (a link lima-driver-%s%s) it is taken", found->alias, found->alias,
                      found->seen ? "" : " in a folder of LIMA_DRIVERS_PATH");
    if (probe && probe->trouble)
        lima_buf_addf(&text, "%s%s", text.len ? "; " : "", probe->trouble);
    return lima_buf_take(&text);
}

static void add_row(const lima_ctl_args *args, const lima_found *found, const struct probe *probe,
                    lima_strv *cells)
{
    bool usable = !found->unusable && !(probe && probe->trouble), colored = lima_out_colored(args, 1);
    char *state =
             lima_out_paint(colored, usable ? LIMA_COLOR_GREEN : LIMA_COLOR_YELLOW, usable ? "yes" : "no"),
         *note = remark(found, probe);
    lima_strv_add(cells, found->name);
    lima_strv_add(cells, probe ? (*probe->version ? probe->version : "?") : "-");
    lima_strv_add(cells, probe ? generations(probe) : "-");
    lima_strv_add(cells, state);
    lima_strv_addf(cells, *note ? "%s (%s)" : "%s", found->path, note);
    free(state);
    free(note);
}

static void add_json(lima_json *doc, size_t i, const lima_found *found, const struct probe *probe)
{
    lima_json_set_str(doc, found->name, "drivers[%zu].name", i);
    lima_json_set_str(doc, found->path, "drivers[%zu].path", i);
    lima_json_set_str(doc, found->source, "drivers[%zu].source", i);
    lima_json_set_bool(doc, !found->unusable, "drivers[%zu].usable", i);
    if (found->unusable)
        lima_json_set_str(doc, found->unusable, "drivers[%zu].reason", i);
    if (found->alias)
        lima_json_set_str(doc, found->alias, "drivers[%zu].alias", i);
    if (!probe)
        return;
    lima_json_set_str(doc, probe->version, "drivers[%zu].version", i);
    lima_json_set_bool(doc, probe->announce, "drivers[%zu].serves.\"2.0\"", i);
    lima_json_set_bool(doc, probe->announce, "drivers[%zu].serves.\"2.1\"", i);
    lima_json_set_bool(doc, probe->inst_dir, "drivers[%zu].serves.\"2.2\"", i);
    if (probe->trouble)
        lima_json_set_str(doc, probe->trouble, "drivers[%zu].error", i);
}

static void list_names(const lima_found_list *list)
{
    for (size_t i = 0; i < list->len; i++)
        if (!list->items[i].unusable)
            puts(list->items[i].name);
}

static void list_all(const lima_ctl_args *args, const lima_found_list *list, bool json)
{
    lima_strv cells = {0};
    lima_json *doc = lima_json_new_object();
    lima_json_set_empty_array(doc, "drivers");
    for (const char *const *title =
             (const char *const[]){"NAME", "VERSION", "LIMA", "TAKEN", "PROGRAM", NULL};
         *title; title++)
        lima_strv_add(&cells, *title);
    for (size_t i = 0; i < list->len && !lima_wake_wait(lima_ctl_wake(args), 0); i++) {
        struct probe probe = {0};
        char *program = NULL;
        bool probed =
            lima_ctl_bool(args, "probe") && lima_file_find_program(list->items[i].path, &program, NULL);
        if (probed)
            probe = run_probe(program, lima_ctl_number(args, "timeout"));
        add_row(args, &list->items[i], probed ? &probe : NULL, &cells);
        add_json(doc, i, &list->items[i], probed ? &probe : NULL);
        probe_free(&probe);
        free(program);
    }
    if (json)
        lima_out_json(doc);
    else if (list->len)
        lima_out_table(&cells, 5);
    lima_strv_free(&cells);
    lima_json_free(doc);
}

int lima_ctl_list(const lima_ctl_args *args)
{
    lima_found_list list = {0};
    lima_find_drivers(&list);
    for (size_t i = 0; i < list.warnings.len; i++)
        fprintf(stderr, "limadrv list: warning: %s\n", list.warnings.items[i]);
    if (lima_ctl_bool(args, "quiet"))
        list_names(&list);
    else
        list_all(args, &list, lima_ctl_bool(args, "json"));
    if (!list.len && !lima_ctl_bool(args, "quiet"))
        fprintf(stderr, "limadrv list: no drivers found; name their folder in LIMA_DRIVERS_PATH\n");
    lima_found_list_free(&list);
    return LIMA_CTL_OK;
}
