/* How it works: candidates in order, the first that answers `--version` as the Rust daemon does is taken.
 * QEMU's former C daemon (until 7.2) answers too but has other options and needs root. */
#include "qemu/virtiofsd.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "data/json.h"
#include "os/file.h"
#include "os/host.h"
#include "os/process.h"

enum { DESCRIPTION_BYTES_MAX = 64 * 1024, DESCRIPTIONS_MAX = 256, VERSION_MS = 5000 };

char *lima_qemu_virtiofsd_binary(const char *json, size_t len)
{
    lima_json *doc = NULL;
    char *binary = NULL;

    if (!lima_json_parse(json, len, &doc, NULL))
        return NULL;
    if (lima_str_eq(lima_json_str(doc, "", "type"), "fs"))
        binary = lima_mem_strdup(lima_json_str(doc, NULL, "binary"));
    lima_json_free(doc);
    return binary;
}

bool lima_qemu_virtiofsd_usable(const char *version_text)
{
    return lima_str_has_prefix(version_text, "virtiofsd") && !strstr(version_text, "FUSE kernel interface");
}

static void add_described(const char *folder, lima_strv *candidates)
{
    lima_strv names = {0};

    lima_dir_list(folder, DESCRIPTIONS_MAX, &names, NULL);
    for (size_t i = 0; i < names.len; i++) {
        lima_buf text = LIMA_BUF(DESCRIPTION_BYTES_MAX);
        char *path = lima_path_join(folder, names.items[i]);
        char *binary = lima_str_has_suffix(path, ".json") && lima_file_read(path, &text, NULL)
                           ? lima_qemu_virtiofsd_binary(lima_buf_str(&text), text.len)
                           : NULL;
        if (binary)
            lima_strv_add(candidates, binary);
        free(binary);
        free(path);
        lima_buf_free(&text);
    }
    lima_strv_free(&names);
}

static void add_candidates(const char *qemu, lima_strv *candidates)
{
    char *user = lima_path_join(lima_host_get()->home, ".local/share/qemu/vhost-user");
    char *bin = lima_path_dir(qemu);
    char *prefix = lima_path_dir(bin);
    char *beside = lima_path_join(prefix, "share/qemu/vhost-user");

    add_described(user, candidates);
    add_described(beside, candidates);
    if (!lima_str_eq(beside, "/usr/share/qemu/vhost-user"))
        add_described("/usr/share/qemu/vhost-user", candidates);
    lima_strv_add(candidates, "virtiofsd");
    lima_strv_add(candidates, "/usr/libexec/virtiofsd");
    lima_strv_add(candidates, "/usr/lib/virtiofsd");
    free(beside);
    free(prefix);
    free(bin);
    free(user);
}

static bool answers(const char *program, lima_wake *wake)
{
    const char *const argv[] = {program, "--version", NULL};
    lima_buf out = LIMA_BUF(4096);
    lima_process_exit end;
    bool ok = lima_process_run(argv, NULL, &out, NULL, lima_clock_in(VERSION_MS), wake, &end, NULL)
              && !end.signaled && end.code == 0 && lima_qemu_virtiofsd_usable(lima_buf_str(&out));

    lima_buf_free(&out);
    return ok;
}

/* Looks where QEMU's vhost-user descriptions lie (the user's, those beside the program `qemu`, the system's)
 * for one of type "fs" whose binary is the daemon written in Rust, then on PATH and in libexec folders. */
static bool find_daemon(const char *qemu, lima_wake *wake, char **ret, lima_err *err)
{
    lima_strv candidates = {0};
    char *found = NULL;

    add_candidates(qemu, &candidates);
    for (size_t i = 0; i < candidates.len && !found; i++) {
        char *program = NULL;
        if (lima_file_find_program(candidates.items[i], &program, NULL) && answers(program, wake))
            found = program;
        else
            free(program);
    }
    if (!found) {
        char *places = lima_strv_join(&candidates, ", ");
        lima_err_set(err, LIMA_CODE_NOT_FOUND,
                     "mountType 'virtiofs': no usable virtiofsd found (looked at: %s); install the Rust "
                     "virtiofsd, or use mountType '9p' or "
                     "'reverse-sshfs'",
                     places);
        free(places);
    }
    lima_strv_free(&candidates);
    if (found)
        *ret = found;
    return found != NULL;
}

static bool start_one(const char *program, const qemu_mount *mount, size_t index, const char *inst_dir,
                      qemu_helpers *list, lima_err *err)
{
    lima_strv argv = {0};
    char *file = lima_mem_printf("virtiofsd-%zu.log", index);
    char *log = lima_path_join(inst_dir, file);
    char *name = lima_mem_printf("virtiofsd for '%s'", mount->location);

    lima_strv_add(&argv, program);
    lima_strv_add(&argv, "--socket-path");
    lima_strv_add(&argv, mount->socket);
    lima_strv_add(&argv, "--shared-dir");
    lima_strv_add(&argv, mount->location);
    bool ok = lima_qemu_helper_start(name, &argv, mount->socket, log, list, err);
    free(name);
    free(log);
    free(file);
    lima_strv_free(&argv);
    return ok;
}

bool lima_qemu_virtiofsd_start_all(const char *qemu, const qemu_mounts *mounts, const char *inst_dir,
                                   lima_wake *wake, qemu_helpers *list, lima_err *err)
{
    char *program = NULL;

    if (mounts->kind != QEMU_MOUNT_VIRTIOFS || mounts->len == 0)
        return true;
    bool ok = find_daemon(qemu, wake, &program, err);
    for (size_t i = 0; ok && i < mounts->len; i++)
        ok = start_one(program, &mounts->items[i], i, inst_dir, list, err);
    free(program);
    return ok;
}
