/* How it works: the user's ssh program ends the old master and opens the new one, with limactl's own
 * configuration file, so that it is the connection that limactl would have made. */
#include "qemu/ssh_master.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/strv.h"
#include "driver/ssh.h"
#include "os/file.h"

/* '%' begins a variable in ssh's paths. */
static char *escape_percent(const char *path)
{
    lima_buf text = LIMA_BUF(2 * strlen(path) + 1);

    for (const char *c = path; *c; c++)
        lima_buf_add_str(&text, *c == '%' ? "%%" : (char[]){*c, '\0'});
    return lima_buf_take(&text);
}

static bool end_master(const char *socket, lima_wake *wake, lima_err *err)
{
    static const char *const rest[] = {"-O", "exit", "lima", NULL};
    lima_strv argv = {0};
    char *escaped = escape_percent(socket);

    lima_ssh_words(&argv);
    lima_strv_add(&argv, "-F");
    lima_strv_add(&argv, "none");
    lima_strv_add(&argv, "-S");
    lima_strv_add(&argv, escaped);
    for (size_t i = 0; rest[i]; i++)
        lima_strv_add(&argv, rest[i]);
    bool ok = lima_ssh_run(&argv, QEMU_SSH_EXIT_MS, NULL, wake, err);
    lima_strv_free(&argv);
    free(escaped);
    return ok;
}

static bool open_master(const lima_instance *inst, lima_wake *wake, lima_err *err)
{
    lima_strv argv = {0};

    lima_ssh_words(&argv);
    lima_ssh_config_words(inst, &argv);
    lima_strv_add(&argv, "-o");
    lima_strv_addf(&argv, "ConnectTimeout=%d", QEMU_SSH_OPEN_MS / 1000);
    lima_ssh_host_word(inst, &argv);
    lima_strv_add(&argv, "true");
    bool ok = lima_ssh_run(&argv, QEMU_SSH_OPEN_MS, NULL, wake, err);
    lima_strv_free(&argv);
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
