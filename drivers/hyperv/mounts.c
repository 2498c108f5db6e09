/* A share bears the tag that limactl's rule for 2.2 gives its mount, whichever limactl calls: only our own script asks
 * for it, and a name that follows from the paths stays the same when entries before it come and go.
 *
 * CaseSensitive is not among a share's flags (document_devices.c): on a folder without that attribute of NTFS the
 * server would not find files by any other spelling than its own. */
#include "hyperv/mounts.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "driver/identity.h"

enum { MSIZE_MIN = 4096, MSIZE_MAX = 1024 * 1024, MSIZE_DEFAULT = 128 * 1024 };

/* ---- the settings of 9p ---- */

static bool check_word(const lima_instance *inst, size_t i, const char *key, const char *only,
                       const char *why, lima_err *err)
{
    const char *word = lima_json_str(inst->doc, only, "config.mounts[%zu].9p.%s", i, key);

    return !*word || lima_str_eq(word, only)
           || lima_err_set(
               err, LIMA_CODE_UNIMPLEMENTED,
               "mounts[%zu].9p.%s '%.60s' is not possible with Hyper-V: %s; set it to %s, or leave it "
               "out",
               i, key, word, why, only);
}

static bool read_msize(const lima_instance *inst, size_t i, uint32_t *ret, lima_err *err)
{
    const char *text = lima_json_str(inst->doc, "", "config.mounts[%zu].9p.msize", i);
    uint64_t size = MSIZE_DEFAULT;

    if (*text && (!lima_parse_size(text, &size, NULL) || size < MSIZE_MIN || size > MSIZE_MAX))
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "mounts[%zu].9p.msize '%.60s' must be a size from 4KiB to 1MiB, such as 128KiB",
                            i, text);
    *ret = (uint32_t)size;
    return true;
}

static bool read_cache(const lima_instance *inst, size_t i, bool writable, const char **ret, lima_err *err)
{
    static const char *const words[] = {"none", "loose", "mmap", "fscache"};
    const char *word = lima_json_str(inst->doc, "", "config.mounts[%zu].9p.cache", i);

    if (!*word)
        word = writable ? "mmap" : "fscache"; /* as limactl fills it */
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
        if (lima_str_eq(word, words[k])) {
            *ret = words[k];
            return true;
        }
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                        "mounts[%zu].9p.cache '%.60s' must be none, loose, mmap or fscache", i, word);
}

static bool check_kinds(const lima_instance *inst, size_t i, lima_err *err)
{
    static const char *const keys[] = {"securityModel", "protocolVersion", "msize", "cache"};

    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
        if (!lima_json_expect(inst->doc, LIMA_JSON_STRING, err, "config.mounts[%zu].9p.%s", i, keys[k]))
            return false;
    return true;
}

static bool read_settings(const lima_instance *inst, size_t i, hyperv_mounts *mounts, lima_err *err)
{
    hyperv_mount *mount = &mounts->items[i];

    return check_kinds(inst, i, err)
           && check_word(inst, i, "securityModel", "none",
                         "it belongs to QEMU, and Windows keeps owners and modes itself", err)
           && check_word(inst, i, "protocolVersion", "9p2000.L", "Windows' server speaks no other version",
                         err)
           && read_msize(inst, i, &mount->msize, err)
           && read_cache(inst, i, mounts->folders.items[i].writable, &mount->cache, err);
}

/* ---- mounts ---- */

static bool check_local(const hyperv_mounts *mounts, size_t i, lima_err *err)
{
    const char *location = mounts->folders.items[i].location;

    return !lima_str_has_prefix(location, "\\\\")
           || lima_err_set(
               err, LIMA_CODE_UNIMPLEMENTED,
               "mounts[%zu].location '%.200s' is a folder of another computer, and with mountType 9p Windows "
               "shares only folders of this one; set mountType to reverse-sshfs, or take the mount out",
               i, location);
}

static char *tag_of(const lima_instance *inst, size_t i)
{
    const char *location = lima_json_str(inst->doc, "", "config.mounts[%zu].location", i);
    const char *point = lima_json_str(inst->doc, location, "config.mounts[%zu].mountPoint", i);

    return lima_identity_mount_tag(LIMA_GENERATION_2_2, i, location, point);
}

static bool read_one(const lima_instance *inst, size_t i, hyperv_mounts *mounts, lima_err *err)
{
    const lima_windows_mount *folder = &mounts->folders.items[i];

    if (!check_local(mounts, i, err) || !read_settings(inst, i, mounts, err))
        return false;
    mounts->items[i].tag = tag_of(inst, i);
    mounts->shares[i] = (hyperv_share){.name = mounts->items[i].tag,
                                       .path = folder->location,
                                       .port = HYPERV_SHARE_PORT,
                                       .read_only = !folder->writable};
    return true;
}

bool lima_hyperv_mounts_read(const lima_instance *inst, const char *home, hyperv_mounts *ret, lima_err *err)
{
    hyperv_mounts made = {0};

    if (!lima_str_eq(lima_json_str(inst->doc, "", "config.mountType"), "9p")) {
        *ret = made;
        return true;
    }
    bool ok = lima_windows_mounts_read(inst, home, &made.folders, err);
    made.items = lima_mem_zalloc(made.folders.len + 1, sizeof *made.items);
    made.shares = lima_mem_zalloc(made.folders.len + 1, sizeof *made.shares);
    for (size_t i = 0; ok && i < made.folders.len; i++)
        ok = read_one(inst, i, &made, err);
    if (ok)
        *ret = made;
    else
        lima_hyperv_mounts_free(&made);
    return ok;
}

bool lima_hyperv_mounts_check(const lima_instance *inst, const char *home, lima_err *err)
{
    hyperv_mounts mounts = {0};
    bool ok = lima_windows_mounts_check(inst, home, err) && lima_hyperv_mounts_read(inst, home, &mounts, err);

    lima_hyperv_mounts_free(&mounts);
    return ok;
}

void lima_hyperv_mounts_free(hyperv_mounts *mounts)
{
    for (size_t i = 0; mounts->items && i < mounts->folders.len; i++)
        free(mounts->items[i].tag);
    free(mounts->items);
    free(mounts->shares);
    lima_windows_mounts_free(&mounts->folders);
    *mounts = (hyperv_mounts){0};
}

char *lima_hyperv_mounts_list(const hyperv_mounts *mounts)
{
    lima_json *list = lima_json_new_object();

    lima_json_set_int(list, HYPERV_SHARE_PORT, "port");
    lima_json_set_empty_array(list, "mounts");
    for (size_t i = 0; i < mounts->folders.len; i++) {
        const lima_windows_mount *folder = &mounts->folders.items[i];
        lima_json_set_str(list, mounts->items[i].tag, "mounts[%zu].tag", i);
        lima_json_set_str(list, folder->point, "mounts[%zu].point", i);
        lima_json_set_bool(list, folder->writable, "mounts[%zu].writable", i);
        lima_json_set_int(list, mounts->items[i].msize, "mounts[%zu].msize", i);
        lima_json_set_str(list, mounts->items[i].cache, "mounts[%zu].cache", i);
    }
    char *text = lima_json_print(list);
    lima_json_free(list);
    return text;
}
