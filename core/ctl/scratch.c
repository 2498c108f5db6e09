#include "scratch.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/path.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/host.h"
#include "os/process.h"

enum { ATTEMPTS = 100 };

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

bool lima_scratch_remove(char *dir, lima_err *err)
{
    bool ok = !dir || lima_dir_remove(dir, err);
    free(dir);
    return ok;
}
