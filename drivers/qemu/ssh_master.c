/* How it works: the user's ssh program ends the old master and opens the new one, with limactl's own
 * configuration file, so that it is the connection that limactl would have made. */
#include "qemu/ssh_master.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"
#include "os/file.h"
#include "os/host.h"
#include "os/process.h"

/* ssh as limactl finds it: $SSH (words), else PATH. */
static void ssh_words(lima_strv *ret)
{
    char *value = lima_env_get("SSH");

    if (lima_str_empty(value) || !lima_str_split_words(value, ret, NULL) || ret->len == 0)
        lima_strv_add(ret, "ssh");
    free(value);
}

/* '%' begins a variable in ssh's paths. */
static char *escape_percent(const char *path)
{
    lima_buf text = LIMA_BUF(2 * strlen(path) + 1);

    for (const char *c = path; *c; c++)
        lima_buf_add_str(&text, *c == '%' ? "%%" : (char[]){*c, '\0'});
    return lima_buf_take(&text);
}

/* The new master inherits standard handles of the ssh that makes it: a pipe there would never end. */
static bool run_ssh(const lima_strv *argv, uint32_t limit_ms, lima_wake *wake, lima_err *err)
{
    lima_process *process = NULL;
    lima_process_exit end;
    lima_process_desc desc = {.argv = lima_strv_items(argv)};

    if (!lima_process_start(&desc, &process, err))
        return false;
    bool ok = lima_process_wait(process, lima_clock_in(limit_ms), wake, &end, err);
    if (!ok)
        lima_process_end(process, true);
    lima_process_free(process);
    return ok
           && ((!end.signaled && end.code == 0) || lima_err_set(err, LIMA_CODE_UNKNOWN, "ssh: %s", end.text));
}

static bool end_master(const char *socket, lima_wake *wake, lima_err *err)
{
    static const char *const rest[] = {"-O", "exit", "lima", NULL};
    lima_strv argv = {0};
    char *escaped = escape_percent(socket);

    ssh_words(&argv);
    lima_strv_add(&argv, "-F");
    lima_strv_add(&argv, "none");
    lima_strv_add(&argv, "-S");
    lima_strv_add(&argv, escaped);
    for (size_t i = 0; rest[i]; i++)
        lima_strv_add(&argv, rest[i]);
    bool ok = run_ssh(&argv, QEMU_SSH_EXIT_MS, wake, err);
    lima_strv_free(&argv);
    free(escaped);
    return ok;
}

static bool open_master(const lima_instance *inst, lima_wake *wake, lima_err *err)
{
    lima_strv argv = {0};
    char *config = lima_instance_path(inst, "ssh.config");

    ssh_words(&argv);
    lima_strv_add(&argv, "-F");
    lima_strv_add(&argv, config);
    lima_strv_add(&argv, "-o");
    lima_strv_addf(&argv, "ConnectTimeout=%d", QEMU_SSH_OPEN_MS / 1000);
    lima_strv_addf(&argv, "lima-%s", inst->name);
    lima_strv_add(&argv, "true");
    bool ok = run_ssh(&argv, QEMU_SSH_OPEN_MS, wake, err);
    lima_strv_free(&argv);
    free(config);
    return ok;
}

void lima_qemu_ssh_master_renew(const lima_instance *inst, lima_wake *wake)
{
    char *socket = lima_instance_path(inst, "ssh.sock");
    lima_file_info info = {0};
    lima_err err = {0};

    if (lima_file_stat(socket, false, &info, NULL) && info.kind == LIMA_FILE_SOCKET) {
        if (!end_master(socket, wake, &err))
            lima_log_warn("instance '%s': the SSH connection from before the snapshot could not be ended: %s",
                          inst->name, err.text);
        else if (!open_master(inst, wake, &err))
            lima_log_info("instance '%s': no new SSH connection yet: %s; the next `limactl shell` opens one",
                          inst->name, err.text);
    }
    free(socket);
}
