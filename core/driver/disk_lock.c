/* How it works: a lock is a link that only one can make. One that is there already is judged by where it
 * leads: to this instance, to another one, or to one that no longer exists. That two instances take over the
 * same dead lock at the same instant is left to the locks on the image itself. */
#include "driver/disk_lock.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "os/file.h"

/* A name is one folder's name: nothing that leads elsewhere. */
static bool name_ok(const char *name)
{
    return *name && *name != '.' && !strpbrk(name, "/\\");
}

bool lima_disk_folder(const lima_instance *inst, size_t index, const char **ret_name, char **ret,
                      lima_err *err)
{
    const char *name = lima_json_str(inst->doc, "", "config.additionalDisks[%zu].name", index);

    if (!name_ok(name))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "additionalDisks[%zu].name: '%s' is no disk's name; see limactl disk list", index,
                            name);
    char *home = lima_path_dir(inst->dir), *disks = lima_path_join(home, "_disks");
    *ret = lima_path_join(disks, name);
    *ret_name = name;
    free(disks);
    free(home);
    return true;
}

/* Whom a lock belongs to: the real folder, or NULL when that no longer exists. Owned. */
static char *holder_of(const char *lock)
{
    char *holder = NULL;

    lima_file_real_path(lock, &holder, NULL);
    return holder;
}

static bool is_ours(const lima_instance *inst, const char *holder)
{
    char *own = NULL;
    bool ours = lima_file_real_path(inst->dir, &own, NULL) && lima_str_eq(own, holder);

    free(own);
    return ours;
}

static bool take_over(const lima_instance *inst, const char *name, const char *lock, lima_err *err)
{
    lima_log_warn("additional disk '%s': the lock of an instance that no longer exists is taken over", name);
    return lima_file_remove(lock, err) && lima_file_link_make(lock, inst->dir, err);
}

static bool fail_in_use(const char *name, const char *holder, lima_err *err)
{
    char *other = lima_path_base(holder);

    lima_err_set(
        err, LIMA_CODE_FAILED_PRECONDITION,
        "additional disk '%s' is in use by instance '%s'; stop that one, or run `limactl disk unlock %s`",
        name, other, name);
    free(other);
    return false;
}

/* A link is there: ours is fine, that of a vanished instance goes. */
static bool settle_lock(const lima_instance *inst, const char *name, const char *lock, lima_err *err)
{
    char *holder = holder_of(lock);
    bool ok =
        holder ? is_ours(inst, holder) || fail_in_use(name, holder, err) : take_over(inst, name, lock, err);

    free(holder);
    return ok;
}

bool lima_disk_lock_take(const lima_instance *inst, const char *name, const char *lock, lima_err *err)
{
    lima_err failure = {0};

    if (lima_file_link_make(lock, inst->dir, &failure))
        return true;
    if (failure.code != LIMA_CODE_ALREADY_EXISTS)
        return lima_err_set(err, failure.code, "additional disk '%s': lock: %s", name, failure.text);
    return settle_lock(inst, name, lock, err);
}

void lima_disk_lock_release(const lima_instance *inst, const char *lock)
{
    char *holder = holder_of(lock);

    if (holder && is_ours(inst, holder))
        lima_file_remove(lock, NULL);
    free(holder);
}
