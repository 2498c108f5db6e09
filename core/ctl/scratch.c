#include "scratch.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "os/clock.h"
#include "os/host.h"
#include "os/process.h"

enum { ATTEMPTS = 100, LOCK_MS = 2000, SETTLE_MS = 5000, SWEEP_MAX = 10000 };

static const char LOCK_FILE[] = "scratch.lock";
/* What a driver holds as long as its VM runs ends in this (core/driver/session.c). */
static const char VM_LOCK[] = ".vm.lock";

/* Whoever else puts something there first wins, and another name is tried: nothing that was there before is
 * used. */
static bool make_one(const char *dir, bool *ret_made, lima_err *err)
{
    lima_file_info info = {0};
    *ret_made = false;
    if (!lima_file_stat(dir, false, &info, err))
        return false;
    if (info.kind != LIMA_FILE_NONE)
        return true;
    if (!lima_dir_make(dir, LIMA_FILE_PRIVATE, err) || !lima_file_stat(dir, false, &info, err))
        return false;
    *ret_made = info.kind == LIMA_FILE_DIR && info.mine;
    return true;
}

bool lima_scratch_make(char **ret_dir, lima_err *err)
{
    lima_process_id self = {0};
    char *temp = NULL;
    if (!lima_file_real_path(lima_host_get()->temp, &temp, err))
        return lima_err_wrap(err, "temporary folder (TMPDIR names it)");
    lima_process_find(0, &self);
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        char *name = lima_mem_printf("lima-%x-%x", self.pid, (unsigned)(lima_clock_now() + i) & 0xffff);
        char *dir = lima_path_join(temp, name);
        bool made = false, ok = make_one(dir, &made, err);
        free(name);
        if (ok && made) {
            free(temp);
            *ret_dir = dir;
            return true;
        }
        free(dir);
        if (!ok) {
            free(temp);
            return lima_err_wrap(err, "temporary folder (TMPDIR names it)");
        }
    }
    lima_err_set(err, LIMA_CODE_ALREADY_EXISTS, "'%s': no free name for a temporary folder; clean it up",
                 temp);
    free(temp);
    return false;
}

bool lima_scratch_own(const char *dir, lima_file_lock **ret, lima_err *err)
{
    char *path = lima_path_join(dir, LOCK_FILE);
    bool ok = lima_file_lock_take(path, lima_clock_in(LOCK_MS), ret, err);
    free(path);
    return ok;
}

/* The driver of a command that was killed puts its VM down, and may know it only by a file in the folder. One
 * that takes longer notices the folder's end and forces its VM off. */
static void let_driver_finish(const char *dir)
{
    lima_strv names = {0};
    lima_deadline until = lima_clock_in(SETTLE_MS);
    lima_dir_list(dir, SWEEP_MAX, &names, NULL);
    for (size_t i = 0; i < names.len; i++) {
        lima_file_lock *lock = NULL;
        char *path = lima_path_join(dir, names.items[i]);
        if (lima_str_has_suffix(path, VM_LOCK) && lima_file_lock_take(path, until, &lock, NULL))
            lima_file_lock_release(lock);
        free(path);
    }
    lima_strv_free(&names);
}

/* A lock file that nobody holds: its owner was killed. */
static void sweep_one(const char *dir)
{
    lima_file_info folder = {0}, file = {0};
    lima_file_lock *lock = NULL;
    char *path = lima_path_join(dir, LOCK_FILE);
    if (lima_file_stat(dir, false, &folder, NULL) && folder.kind == LIMA_FILE_DIR && folder.mine
        && lima_file_stat(path, false, &file, NULL) && file.kind == LIMA_FILE_REGULAR
        && lima_file_lock_take(path, 0, &lock, NULL)) {
        lima_log_info("removing '%s', left by a command that was killed", dir);
        let_driver_finish(dir);
        lima_dir_remove(dir, NULL);
        lima_file_lock_release(lock);
    }
    free(path);
}

void lima_scratch_sweep(void)
{
    const char *temp = lima_host_get()->temp;
    lima_strv names = {0};
    lima_dir_list(temp, SWEEP_MAX, &names, NULL);
    for (size_t i = 0; i < names.len; i++) {
        char *dir = lima_path_join(temp, names.items[i]);
        if (lima_str_has_prefix(names.items[i], "lima-"))
            sweep_one(dir);
        free(dir);
    }
    lima_strv_free(&names);
}

bool lima_scratch_remove(char *dir, lima_err *err)
{
    bool ok = !dir || lima_dir_remove(dir, err);
    free(dir);
    return ok;
}
