/* 9p and virtiofs are devices of the VM; reverse-sshfs is none of QEMU's business. Folders are not looked at
 * here. */
#include "qemu/mounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "driver/identity.h"
#include "qemu/text.h"

enum { QUEUE_SIZE_DEFAULT = 1024, QUEUE_SIZE_MAX = 32768 };

/* The types a host can do, in words for errors too. */
static const char *types_of_host(const char *host_os)
{
    if (lima_str_eq(host_os, "linux"))
        return "reverse-sshfs, 9p, virtiofs";
    return lima_str_eq(host_os, "windows") ? "reverse-sshfs" : "reverse-sshfs, 9p";
}

static bool host_can(const char *host_os, const char *type)
{
    bool known =
        lima_str_eq(type, "reverse-sshfs") || lima_str_eq(type, "9p") || lima_str_eq(type, "virtiofs");
    return known && strstr(types_of_host(host_os), type);
}

static bool unsupported(const lima_instance *inst, const char *type)
{
    size_t count = lima_json_count(inst->doc, "config.mountTypesUnsupported");
    for (size_t i = 0; i < count; i++)
        if (lima_str_eq(lima_json_str(inst->doc, NULL, "config.mountTypesUnsupported[%zu]", i), type))
            return true;
    return false;
}

const char *lima_qemu_mount_type_default(const lima_instance *inst, const char *host_os, bool old)
{
    return old || unsupported(inst, "9p") || !host_can(host_os, "9p") ? "reverse-sshfs" : "9p";
}

bool lima_qemu_mount_type_check(const lima_instance *inst, const char *host_os, lima_err *err)
{
    const char *type = lima_json_str(inst->doc, "", "config.mountType");
    if (!*type)
        return true;
    if (!host_can(host_os, type))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "mountType '%.60s' does not work with QEMU on %s; use one of: %s", type, host_os,
                            types_of_host(host_os));
    if (unsupported(inst, type))
        return lima_err_set(
            err, LIMA_CODE_INVALID_ARGUMENT,
            "mountType '%s' is listed in mountTypesUnsupported; choose another or remove it there", type);
    return true;
}

static qemu_mount_kind kind_of(const char *type)
{
    if (lima_str_eq(type, "9p"))
        return QEMU_MOUNT_9P;
    return lima_str_eq(type, "virtiofs") ? QEMU_MOUNT_VIRTIOFS : QEMU_MOUNT_SSHFS;
}

static bool read_location(const lima_instance *inst, size_t i, const char *home, char **ret, lima_err *err)
{
    const char *location = lima_json_str(inst->doc, "", "config.mounts[%zu].location", i);
    char *path = lima_qemu_expand_home(location, home);
    bool ok = lima_path_is_absolute(path);
    if (ok) {
        *ret = path;
        return true;
    }
    free(path);
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                        "mounts[%zu].location '%.200s' is not an absolute path", i, location);
}

static bool read_security_model(const lima_instance *inst, size_t i, char **ret, lima_err *err)
{
    static const char *const models[] = {"none", "passthrough", "mapped", "mapped-xattr", "mapped-file"};
    const char *model = lima_json_str(inst->doc, "", "config.mounts[%zu].9p.securityModel", i);
    if (!*model)
        model = models[0];
    for (size_t m = 0; m < sizeof models / sizeof models[0]; m++) {
        if (lima_str_eq(models[m], model)) {
            *ret = lima_mem_strdup(model);
            return true;
        }
    }
    return lima_err_set(
        err, LIMA_CODE_INVALID_ARGUMENT,
        "mounts[%zu].9p.securityModel '%.60s' must be one of none, passthrough, mapped-xattr, mapped-file", i,
        model);
}

static bool read_queue_size(const lima_instance *inst, size_t i, uint32_t *ret, lima_err *err)
{
    int64_t size = lima_json_int(inst->doc, QUEUE_SIZE_DEFAULT, "config.mounts[%zu].virtiofs.queueSize", i);
    if (size < 2 || size > QUEUE_SIZE_MAX || (size & (size - 1)) != 0)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "mounts[%zu].virtiofs.queueSize %lld must be a power of two from 2 to %d", i,
                            (long long)size, QUEUE_SIZE_MAX);
    *ret = (uint32_t)size;
    return true;
}

static void mount_clear(qemu_mount *mount)
{
    free(mount->location);
    free(mount->tag);
    free(mount->security_model);
    free(mount->socket);
    *mount = (qemu_mount){0};
}

static bool read_one(const lima_instance *inst, lima_generation generation, size_t i, const char *home,
                     qemu_mount *ret, lima_err *err)
{
    if (!read_location(inst, i, home, &ret->location, err)
        || !read_security_model(inst, i, &ret->security_model, err)
        || !read_queue_size(inst, i, &ret->queue_size, err))
        return false;
    const char *location = lima_json_str(inst->doc, "", "config.mounts[%zu].location", i);
    ret->tag = lima_identity_mount_tag(
        generation, i, location, lima_json_str(inst->doc, location, "config.mounts[%zu].mountPoint", i));
    ret->writable = lima_json_bool(inst->doc, false, "config.mounts[%zu].writable", i);
    char *name = lima_mem_printf("virtiofsd-%zu.sock", i);
    ret->socket = lima_instance_path(inst, name);
    free(name);
    return true;
}

bool lima_qemu_mounts_read(const lima_instance *inst, lima_generation generation, const char *home,
                           qemu_mounts *ret, lima_err *err)
{
    qemu_mounts made = {.kind = kind_of(lima_json_str(inst->doc, "", "config.mountType"))};
    size_t count = made.kind == QEMU_MOUNT_SSHFS ? 0 : lima_json_count(inst->doc, "config.mounts");
    if (count > QEMU_MOUNTS_MAX)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "mounts has %zu entries; at most %d are possible", count, QEMU_MOUNTS_MAX);
    made.items = lima_mem_zalloc(count + 1, sizeof *made.items);
    bool ok = true;
    while (ok && made.len < count) {
        ok = read_one(inst, generation, made.len, home, &made.items[made.len], err);
        made.len++;
    }
    if (ok)
        *ret = made;
    else
        lima_qemu_mounts_free(&made);
    return ok;
}

void lima_qemu_mounts_free(qemu_mounts *mounts)
{
    for (size_t i = 0; i < mounts->len; i++)
        mount_clear(&mounts->items[i]);
    free(mounts->items);
    *mounts = (qemu_mounts){0};
}
