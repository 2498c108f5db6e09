/* How it works: one swtpm per VM, which ends with QEMU's connection (--terminate). A lock file that a
 * killed swtpm left is removed; that no other one runs on this state is known, since no VM of this instance
 * runs when a start gets here. */
#include "qemu/swtpm.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "os/file.h"

static void build_argv(const char *program, const char *state, const char *socket, lima_strv *argv)
{
    lima_strv_add(argv, program);
    lima_strv_add(argv, "socket");
    lima_strv_add(argv, "--tpmstate");
    lima_strv_addf(argv, "dir=%s", state);
    lima_strv_add(argv, "--ctrl");
    lima_strv_addf(argv, "type=unixio,path=%s", socket);
    lima_strv_add(argv, "--tpm2");
    lima_strv_add(argv, "--terminate");
    lima_strv_add(argv, "--log");
    lima_strv_add(argv, "level=1");
}

static bool start(const char *program, const char *inst_dir, const char *socket, qemu_helpers *list,
                  lima_err *err)
{
    lima_strv argv = {0};
    char *state = lima_path_join(inst_dir, "swtpm");
    char *lock = lima_path_join(state, ".lock");
    char *log = lima_path_join(inst_dir, "swtpm.log");

    build_argv(program, state, socket, &argv);
    bool ok = lima_dir_make(state, LIMA_FILE_PRIVATE, err) && lima_file_remove(lock, err)
              && lima_qemu_helper_start("swtpm", &argv, socket, log, list, err);
    free(log);
    free(lock);
    free(state);
    lima_strv_free(&argv);
    return ok;
}

bool lima_qemu_swtpm_start(const char *inst_dir, const char *socket, qemu_helpers *list, lima_err *err)
{
    char *program = NULL;

    if (strchr(inst_dir, ','))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "tpm: the instance folder '%s' has a comma in its name, which swtpm cannot take; "
                            "rename LIMA_HOME",
                            inst_dir);
    if (!lima_file_find_program("swtpm", &program, err))
        return lima_err_wrap(err, "tpm: install swtpm, or set `tpm: false`");
    bool ok = start(program, inst_dir, socket, list, err);
    free(program);
    return ok;
}
