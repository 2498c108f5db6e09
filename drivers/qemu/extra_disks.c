/* How it works: a lock is a link that only one can make. One that is there already is judged by where it
 * leads: to this instance, to another one, or to one that no longer exists. That two instances take over the
 * same dead lock at the same instant is left to QEMU's own locks on the image. */
#include "qemu/extra_disks.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "os/file.h"
#include "qemu/image_info.h"
#include "qemu/img.h"

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

static bool take_lock(const lima_instance *inst, const char *name, const char *lock, lima_err *err)
{
    lima_err failure = {0};

    if (lima_file_link_make(lock, inst->dir, &failure))
        return true;
    if (failure.code != LIMA_CODE_ALREADY_EXISTS)
        return lima_err_set(err, failure.code, "additional disk '%s': lock: %s", name, failure.text);
    return settle_lock(inst, name, lock, err);
}

static bool check_disk(const char *name, const char *path, lima_wake *wake, qemu_disk *ret, lima_err *err)
{
    lima_file_info file = {0};
    qemu_image_info info = {0};

    if (!lima_file_stat(path, true, &file, err))
        return false;
    if (file.kind == LIMA_FILE_NONE)
        return lima_err_set(
            err, LIMA_CODE_NOT_FOUND,
            "additional disk '%s': no file '%s'; make it with `limactl disk create %s --size 10GiB`", name,
            path, name);
    bool ok = lima_qemu_img_info(path, NULL, wake, &info, err) && lima_qemu_image_info_check(&info, path, err)
              && lima_qemu_img_check_end(path, info.format, wake, err);
    if (ok)
        *ret = (qemu_disk){.path = lima_mem_strdup(path), .format = lima_mem_strdup(info.format)};
    lima_qemu_image_info_free(&info);
    return ok;
}

static bool take_one(const lima_instance *inst, const char *name, lima_wake *wake, qemu_extra_disks *disks,
                     lima_err *err)
{
    char *home = lima_path_dir(inst->dir);
    char *folder = lima_mem_printf("%s/_disks/%s", home, name);
    char *path = lima_path_join(folder, "datadisk");
    char *lock = lima_path_join(folder, "in_use_by");
    qemu_disk disk = {0};
    bool ok = check_disk(name, path, wake, &disk, err) && take_lock(inst, name, lock, err);

    if (ok) {
        disks->items = lima_mem_resize(disks->items, disks->len + 1, sizeof *disks->items);
        disks->items[disks->len++] = disk;
        lima_strv_add(&disks->locks, lock);
    } else {
        free(disk.path);
        free(disk.format);
    }
    free(lock);
    free(path);
    free(folder);
    free(home);
    return ok;
}

/* A name is one folder's name: nothing that leads elsewhere. */
static bool name_ok(const char *name)
{
    return *name && *name != '.' && !strpbrk(name, "/\\");
}

bool lima_qemu_extra_disks_take(const lima_instance *inst, lima_wake *wake, qemu_extra_disks *ret,
                                lima_err *err)
{
    qemu_extra_disks disks = {0};
    size_t count = lima_json_count(inst->doc, "config.additionalDisks");
    bool ok = count <= QEMU_DISKS_MAX
              || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                              "additionalDisks: %zu are more than the %d possible", count, QEMU_DISKS_MAX);

    for (size_t i = 0; ok && i < count; i++) {
        const char *name = lima_json_str(inst->doc, "", "config.additionalDisks[%zu].name", i);
        ok = (name_ok(name)
              || lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                              "additionalDisks[%zu].name: '%s' is no disk's name; see limactl disk list", i,
                              name))
             && take_one(inst, name, wake, &disks, err);
    }
    if (ok) {
        *ret = disks;
        return true;
    }
    lima_qemu_extra_disks_unlock(inst, &disks.locks);
    lima_qemu_extra_disks_free(&disks);
    return false;
}

void lima_qemu_extra_disks_unlock(const lima_instance *inst, const lima_strv *locks)
{
    for (size_t i = 0; i < locks->len; i++) {
        char *holder = holder_of(locks->items[i]);
        if (holder && is_ours(inst, holder))
            lima_file_remove(locks->items[i], NULL);
        free(holder);
    }
}

void lima_qemu_extra_disks_free(qemu_extra_disks *disks)
{
    for (size_t i = 0; i < disks->len; i++) {
        free(disks->items[i].path);
        free(disks->items[i].format);
    }
    free(disks->items);
    lima_strv_free(&disks->locks);
    *disks = (qemu_extra_disks){0};
}
