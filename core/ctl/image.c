/* limadrv image. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "data/json.h"
#include "image/convert.h"
#include "out.h"
#include "phase.h"

typedef struct action {
    bool has_target; /* TO */
    bool (*run)(const lima_ctl_args *args, lima_err *err);
} action;

static lima_disk_format format_of(const lima_ctl_args *args)
{
    const char *name = lima_ctl_str(args, "format");
    return name ? lima_disk_format_named(name) : LIMA_DISK_ANY;
}

static unsigned threads_of(const lima_ctl_args *args)
{
    uint64_t threads = lima_ctl_number(args, "threads");
    return threads < LIMA_SWEEP_THREADS_MAX ? (unsigned)threads : LIMA_SWEEP_THREADS_MAX;
}

static void show_progress(void *phase, uint64_t done, uint64_t total)
{
    lima_phase_part(phase, done, total);
}

/* `more`: what the command has to say besides; NULL: nothing. */
static void print_disk(const lima_ctl_args *args, const char *path, const lima_disk_info *info,
                       const char *more)
{
    if (!lima_ctl_bool(args, "json")) {
        printf("File:    %s\nFormat:  %s\nSize:    %llu bytes\n", path, info->name,
               (unsigned long long)info->size);
        if (more)
            printf("%s\n", more);
        return;
    }
    lima_json *out = lima_json_new_object();
    lima_json_set_str(out, path, "file");
    lima_json_set_str(out, info->name, "format");
    lima_json_set_int(out, (int64_t)info->size, "size");
    lima_out_json(out);
    lima_json_free(out);
}

/* ---- info ---- */

static bool show_disk(const lima_ctl_args *args, const char *path, lima_disk_format format, lima_err *err)
{
    lima_disk_info info;
    lima_disk *disk;

    if (!lima_disk_open(path, format, &disk, err))
        return false;
    lima_disk_get_info(disk, &info);
    lima_disk_close(disk);
    print_disk(args, path, &info, NULL);
    return true;
}

static bool show_info(const lima_ctl_args *args, lima_err *err)
{
    return show_disk(args, lima_ctl_operand_at(args, 1), format_of(args), err);
}

/* ---- check ---- */

static bool check_disk(const lima_ctl_args *args, lima_disk *disk, lima_err *err)
{
    lima_phase phase;
    const lima_sweep sweep = {.disk = disk,
                              .threads = threads_of(args),
                              .cancel = lima_ctl_wake(args),
                              .progress = show_progress,
                              .context = &phase};

    lima_phase_init(&phase, args);
    lima_phase_next(&phase, "Checking");
    bool ok = lima_disk_check(disk, err) && lima_disk_sweep(&sweep, err);
    lima_phase_clear(&phase);
    return ok;
}

static bool check(const lima_ctl_args *args, lima_err *err)
{
    const char *path = lima_ctl_operand_at(args, 1);
    lima_disk_info info;
    lima_disk *disk;

    if (!lima_disk_open(path, format_of(args), &disk, err))
        return false;
    lima_disk_get_info(disk, &info);
    bool ok = check_disk(args, disk, err);
    lima_disk_close(disk);
    if (ok)
        print_disk(args, path, &info, "All that it holds can be read.");
    return ok;
}

/* ---- convert ---- */

static bool convert(const lima_ctl_args *args, lima_err *err)
{
    const char *to = lima_ctl_operand_at(args, 2);
    lima_phase phase;
    const lima_convert_desc desc = {
        .from = lima_ctl_operand_at(args, 1),
        .format = format_of(args),
        .to = to,
        .shape = {.size = lima_ctl_number(args, "size"),
                  .sector = strcmp(lima_ctl_str(args, "sector"), "512") ? 4096 : 512},
        .threads = threads_of(args),
        .cancel = lima_ctl_wake(args),
        .progress = show_progress,
        .context = &phase};

    lima_phase_init(&phase, args);
    lima_phase_next(&phase, "Converting");
    bool ok = lima_convert(&desc, err);
    lima_phase_clear(&phase);
    return ok && show_disk(args, to, LIMA_DISK_VHDX, err);
}

/* ---- all of them ---- */

static const char *const NAMES[] = {"convert", "info", "check", NULL};
static const action ACTIONS[] = {{true, convert}, {false, show_info}, {false, check}};

const char *const *lima_ctl_image_actions(void)
{
    return NAMES;
}

int lima_ctl_image(const lima_ctl_args *args)
{
    const char *name = lima_ctl_operand_at(args, 0);
    size_t i = 0;
    lima_err err = {0};

    while (NAMES[i] && strcmp(name, NAMES[i]) != 0)
        i++;
    if (!NAMES[i])
        return lima_ctl_misuse(args, "'%s' is no action: convert, info or check", name);
    if (ACTIONS[i].has_target != (lima_ctl_operand_at(args, 2) != NULL))
        return lima_ctl_misuse(args, ACTIONS[i].has_target ? "to which file?" : "%s takes one file", name);
    return ACTIONS[i].run(args, &err) ? LIMA_CTL_OK : lima_ctl_fail(args, &err);
}
