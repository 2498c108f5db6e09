/* A location is brought into Windows' own form first, since programs of Windows take no other; nothing looks
 * at the file system. */
#include "driver/windows_mounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/utf.h"

enum { PATH_BYTES_MAX = 4096 };

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Control bytes would end a line of the script's answers, and no file of Windows has them. */
static bool is_clean(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return len <= PATH_BYTES_MAX && lima_utf8_valid(text, len);
}

static bool is_windows_path(const char *path)
{
    bool drive = is_letter(path[0]) && path[1] == ':' && path[2] == '\\';
    bool device = lima_str_has_prefix(path, "\\\\.\\") || lima_str_has_prefix(path, "\\\\?\\");
    bool share = lima_str_has_prefix(path, "\\\\") && !device && path[2] && path[2] != '\\';
    return drive || share;
}

/* "~" and "~/x" by the home folder, "/c/x" as "c:\x". Owned; separators as they came. */
static char *expanded(const char *location, const char *home)
{
    if (lima_str_eq(location, "~"))
        return lima_mem_strdup(home);
    if (lima_str_has_prefix(location, "~/") || lima_str_has_prefix(location, "~\\"))
        return lima_path_join(home, location + 2);
    if (location[0] == '/' && is_letter(location[1]) && (location[2] == '/' || !location[2]))
        return lima_mem_printf("%c:\\%s", location[1], location[2] ? location + 3 : "");
    return lima_mem_strdup(location);
}

/* The same with backslashes, unless it is a path of another system ("/usr"). */
static char *windows_form(const char *location, const char *home)
{
    char *path = expanded(location, home);
    bool other = path[0] == '/' && path[1] != '/';
    for (char *c = path; !other && *c; c++)
        if (*c == '/')
            *c = '\\';
    return path;
}

static bool read_location(const lima_instance *inst, size_t i, const char *home, char **ret, lima_err *err)
{
    const char *location = lima_json_str(inst->doc, "", "config.mounts[%zu].location", i);
    char *path = windows_form(location, home);
    bool ok = is_windows_path(path) && is_clean(path);
    if (ok)
        *ret = lima_path_clean(path);
    else
        lima_err_set(
            err, LIMA_CODE_INVALID_ARGUMENT,
            "mounts[%zu].location '%.200s' must be an absolute path of Windows, such as C:\\folder, ~ or "
            "\\\\server\\share",
            i, location);
    free(path);
    return ok;
}

/* One spelling: no "//", no "/" at the end, no "." parts. NULL for a relative path or one with "..". */
static char *clean_point(const char *point)
{
    if (*point != '/')
        return NULL;
    lima_strv parts = {0}, kept = {0};
    lima_str_split(point, '/', &parts);
    for (size_t i = 0; i < parts.len; i++)
        if (*parts.items[i] && !lima_str_eq(parts.items[i], "."))
            lima_strv_add(&kept, parts.items[i]);
    char *joined = lima_strv_join(&kept, "/");
    char *clean = lima_strv_has(&kept, "..") ? NULL : lima_mem_printf("/%s", joined);
    free(joined);
    lima_strv_free(&parts);
    lima_strv_free(&kept);
    return clean;
}

static bool is_inside(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return lima_str_has_prefix(path, folder) && (!path[len] || path[len] == '/');
}

static bool is_system_point(const char *point)
{
    static const char *const kept[] = {"/proc", "/sys", "/dev", "/mnt/lima-cidata"};
    static const char *const roots[] = {"/",     "/bin", "/etc", "/lib", "/run",
                                        "/sbin", "/usr", "/var", "/init"};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (is_inside(point, kept[i]))
            return true;
    if (lima_str_has_prefix(point, "/run/lima-"))
        return true;
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++)
        if (lima_str_eq(point, roots[i]))
            return true;
    return false;
}

/* Where WSL would have it: "C:\x y" is "/mnt/c/x y". Owned. A share has no such place. */
static char *default_point(const char *location)
{
    if (!is_letter(location[0]))
        return lima_mem_strdup("");
    char *point = lima_mem_printf("/mnt/%c/%s", location[0] | 0x20, location + 3);
    for (char *c = point; *c; c++)
        if (*c == '\\')
            *c = '/';
    return point;
}

static bool read_point(const lima_instance *inst, size_t i, const char *location, char **ret, lima_err *err)
{
    char *dflt = default_point(location);
    const char *given = lima_json_str(inst->doc, "", "config.mounts[%zu].mountPoint", i);
    const char *wanted = *given ? given : dflt;
    char *point = clean_point(wanted);
    bool ok = point && is_clean(point) && !is_system_point(point);
    if (ok)
        *ret = point;
    else
        lima_err_set(
            err, LIMA_CODE_INVALID_ARGUMENT,
            "mounts[%zu].mountPoint '%.200s' must be an absolute path in the guest, and no folder of its "
            "system",
            i, wanted);
    if (!ok)
        free(point);
    free(dflt);
    return ok;
}

static bool check_kinds(const lima_instance *inst, size_t i, lima_err *err)
{
    return lima_json_expect(inst->doc, LIMA_JSON_STRING, err, "config.mounts[%zu].location", i)
           && lima_json_expect(inst->doc, LIMA_JSON_STRING, err, "config.mounts[%zu].mountPoint", i)
           && lima_json_expect(inst->doc, LIMA_JSON_BOOL, err, "config.mounts[%zu].writable", i);
}

static bool check_unique(const lima_windows_mounts *mounts, const lima_windows_mount *mount, size_t i,
                         lima_err *err)
{
    for (size_t k = 0; k < i; k++)
        if (lima_str_eq(mounts->items[k].point, mount->point))
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                                "mounts[%zu].mountPoint '%.200s' is that of mounts[%zu] already", i,
                                mount->point, k);
    return true;
}

static bool read_one(const lima_instance *inst, const char *home, lima_windows_mounts *mounts, lima_err *err)
{
    size_t i = mounts->len;
    lima_windows_mount *mount = &mounts->items[i];
    mounts->len++;
    mount->writable = lima_json_bool(inst->doc, false, "config.mounts[%zu].writable", i);
    return check_kinds(inst, i, err) && read_location(inst, i, home, &mount->location, err)
           && read_point(inst, i, mount->location, &mount->point, err) && check_unique(mounts, mount, i, err);
}

bool lima_windows_mounts_read(const lima_instance *inst, const char *home, lima_windows_mounts *ret,
                              lima_err *err)
{
    size_t count = lima_json_count(inst->doc, "config.mounts");
    if (count > LIMA_WINDOWS_MOUNTS_MAX)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                            "mounts has %zu entries; at most %d are possible", count,
                            LIMA_WINDOWS_MOUNTS_MAX);
    lima_windows_mounts made = {.items = lima_mem_zalloc(count + 1, sizeof *made.items)};
    bool ok = true;
    while (ok && made.len < count)
        ok = read_one(inst, home, &made, err);
    if (ok)
        *ret = made;
    else
        lima_windows_mounts_free(&made);
    return ok;
}

bool lima_windows_mounts_check(const lima_instance *inst, const char *home, lima_err *err)
{
    lima_windows_mounts mounts = {0};
    bool ok = lima_windows_mounts_read(inst, home, &mounts, err);
    lima_windows_mounts_free(&mounts);
    return ok;
}

void lima_windows_mounts_free(lima_windows_mounts *mounts)
{
    for (size_t i = 0; i < mounts->len; i++) {
        free(mounts->items[i].location);
        free(mounts->items[i].point);
    }
    free(mounts->items);
    *mounts = (lima_windows_mounts){0};
}
