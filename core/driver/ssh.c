#include "driver/ssh.h"

#include <stdlib.h>

#include "base/path.h"
#include "base/str.h"
#include "os/file.h"
#include "os/host.h"
#include "os/process.h"

/* A part of Windows that may be missing. Owned; NULL: not there. */
static char *windows_ssh(void)
{
    char *root = lima_env_get("SystemRoot"), *path = NULL, *found = NULL;

    if (!lima_str_empty(root)) {
        path = lima_path_join(root, "System32/OpenSSH/ssh.exe");
        lima_file_find_program(path, &found, NULL);
    }
    free(path);
    free(root);
    return found;
}

void lima_ssh_words(lima_strv *into)
{
    char *value = lima_env_get("SSH"), *found = NULL;
    size_t before = into->len;

    if (!lima_str_empty(value) && lima_str_split_words(value, into, NULL) && into->len > before)
        goto done;
    found = lima_file_find_program("ssh", &found, NULL) ? found : windows_ssh();
    lima_strv_add(into, found ? found : "ssh");
done:
    free(found);
    free(value);
}

void lima_ssh_config_words(const lima_instance *inst, lima_strv *into)
{
    char *config = lima_instance_path(inst, "ssh.config");

    lima_strv_add(into, "-F");
    lima_strv_add(into, config);
    free(config);
}

void lima_ssh_host_word(const lima_instance *inst, lima_strv *into)
{
    lima_strv_addf(into, "lima-%s", inst->name);
}

bool lima_ssh_run(const lima_strv *argv, uint32_t limit_ms, lima_buf *said, lima_wake *wake, lima_err *err)
{
    lima_process_exit end = {0};

    if (!lima_process_run(lima_strv_items(argv), NULL, NULL, said, lima_clock_in(limit_ms), wake, &end, err))
        return false;
    return (!end.signaled && end.code == 0) || lima_err_set(err, LIMA_CODE_UNKNOWN, "ssh: %s", end.text);
}
