/* How it works: everything is removed by its name, whether it is there or not; failures do not stop the
 * rest. */
#include "qemu/leftovers.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/str.h"
#include "base/strv.h"
#include "os/file.h"
#include "qemu/extra_disks.h"
#include "qemu/find.h"
#include "qemu/settings.h"
#include "qemu/usernet.h"
#include "qemu/vm.h"

enum { FOLDER_ENTRIES_MAX = 10000 };

static bool remove_file(const lima_instance *inst, const char *name, lima_err *err)
{
    char *path = lima_instance_path(inst, name);
    bool ok = lima_file_remove(path, err);

    free(path);
    return ok;
}

static bool remove_pid_file(const lima_instance *inst, lima_err *err)
{
    char *path = lima_qemu_pid_file(inst);
    bool ok = lima_file_remove(path, err);

    free(path);
    return ok;
}

static bool is_socket_of_ours(const char *name)
{
    static const char *const prefixes[] = {"qmp", "serial", "virtiofsd-", "swtpm"};

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (lima_str_has_prefix(name, prefixes[i]) && lima_str_has_suffix(name, ".sock"))
            return true;
    return false;
}

static void remove_sockets(const lima_instance *inst)
{
    lima_strv names = {0};

    lima_dir_list(inst->dir, FOLDER_ENTRIES_MAX, &names, NULL);
    for (size_t i = 0; i < names.len; i++)
        if (is_socket_of_ours(names.items[i]))
            remove_file(inst, names.items[i], NULL);
    lima_strv_free(&names);
}

/* Failures are usual here: who cleaned before has closed it, or the daemon has ended. */
static void close_forward(const qemu_record *record)
{
    lima_err err = {0};

    if (record->endpoint
        && !lima_qemu_usernet_unexpose(record->endpoint, record->ssh_address, record->ssh_port, NULL, &err))
        lima_log_debug("SSH forward could not be closed: %s", err.text);
}

void lima_qemu_leftovers_clean(const lima_instance *inst, const qemu_record *record)
{
    lima_qemu_helpers_end(&record->helpers);
    close_forward(record);
    lima_qemu_extra_disks_unlock(inst, &record->disk_locks);
    remove_sockets(inst);
    remove_pid_file(inst, NULL);
    remove_file(inst, "vncdisplay", NULL);
    remove_file(inst, "vncpassword", NULL);
    lima_qemu_record_remove(inst, NULL);
}

bool lima_qemu_leftovers_prepare(const lima_instance *inst, lima_err *err)
{
    bool ok = remove_pid_file(inst, err) && remove_file(inst, QEMU_STDERR_FILE, err);

    for (const char *const *file = lima_qemu_stale_files(); ok && *file; file++)
        ok = remove_file(inst, *file, err);
    return ok;
}
