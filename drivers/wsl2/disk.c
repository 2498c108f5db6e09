#include "wsl2/disk.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "win/file_use.h"
#include "wsl2/argv.h"
#include "wsl2/look.h"
#include "wsl2/record.h"
#include "wsl2/wsl_exe.h"

static bool is_free(const char *disk)
{
    bool in_use = true;

    return lima_file_in_use(disk, &in_use, NULL) && !in_use;
}

static bool run(const wsl2_look *look, uint64_t size, lima_wake *wake, lima_err *err)
{
    lima_strv argv = {0};
    char *exe = NULL, *what = lima_mem_printf("distribution '%s': resize its disk to %" PRIu64 " MiB",
                                              look->distro, size >> 20);
    wsl2_run resize = {.argv = &argv, .what = what, .limit_ms = WSL2_RESIZE_MS, .wake = wake};
    bool ok = lima_wsl2_exe_find(&exe, err) && lima_wsl2_argv_resize(exe, look->distro, size, &argv, err)
              && lima_wsl2_run_quietly(&resize, err);

    lima_strv_free(&argv);
    free(what);
    free(exe);
    return ok;
}

static void resize(const lima_instance *inst, const wsl2_look *look, wsl2_record *record, lima_wake *wake)
{
    lima_err err = {0};

    if (look->kin != WSL2_KIN_OURS)
        return;
    if (!is_free(look->registration.vhd_path)) {
        lima_log_info(
            "instance '%s': WSL still holds its disk; it gets its size at a start after the WSL VM was off",
            inst->name);
        return;
    }
    bool ok = run(look, inst->disk, wake, &err);
    record->disk_size = inst->disk;
    ok = ok && lima_wsl2_record_write(inst, record, &err);
    if (!ok)
        lima_log_warn("instance '%s': %s", inst->name, err.text);
    else
        lima_log_info("instance '%s': its disk has %" PRIu64 " MiB", inst->name, inst->disk >> 20);
}

void lima_wsl2_disk_resize(const lima_instance *inst, lima_wake *wake)
{
    wsl2_record record;
    wsl2_look look = {0};

    lima_wsl2_record_read(inst, &record);
    if (inst->disk && inst->disk != record.disk_size && lima_wsl2_look(inst, &look, NULL))
        resize(inst, &look, &record, wake);
    lima_wsl2_look_free(&look);
}
