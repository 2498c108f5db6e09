/* Records from values, and whose the one of our name is. WSL writes State first and the rest later, so a
 * record without name is met on every import; one without path can only be met in a crash. */
#include "wsl2/registration.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

enum { FLAG_VM_MODE = 8 };

static const char default_disk[] = "ext4.vhdx";

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool is_dash_place(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool lima_wsl2_guid_parse(const char *text, char ret[WSL2_GUID_LEN + 1])
{
    size_t len = strlen(text);
    bool braces = len == WSL2_GUID_LEN + 2 && text[0] == '{' && text[len - 1] == '}';
    if (!braces && len != WSL2_GUID_LEN)
        return false;
    const char *digits = text + braces;
    for (size_t i = 0; i < WSL2_GUID_LEN; i++)
        if (is_dash_place(i) ? digits[i] != '-' : !is_hex(digits[i]))
            return false;
    for (size_t i = 0; i < WSL2_GUID_LEN; i++)
        ret[i] = lower(digits[i]);
    ret[WSL2_GUID_LEN] = '\0';
    return true;
}

static const char *without_prefix(const char *path, char **ret_unc)
{
    *ret_unc = NULL;
    if (strncmp(path, "\\\\?\\", 4) != 0)
        return path;
    path += 4;
    if (strlen(path) >= 4 && lima_str_eq_nocase((char[]){path[0], path[1], path[2], path[3], 0}, "UNC\\")) {
        *ret_unc = lima_mem_printf("\\\\%s", path + 4);
        return *ret_unc;
    }
    return path;
}

static bool is_separator(char c, bool windows)
{
    return c == '/' || (windows && c == '\\');
}

/* Separators at the end go, but one that makes "/" or "C:\" a root. */
static void drop_end(char *path, bool windows)
{
    size_t len = strlen(path);
    size_t root = windows ? 3 : 1;
    while (len > root && is_separator(path[len - 1], windows))
        path[--len] = '\0';
}

char *lima_wsl2_path_clean(const char *path)
{
    char *unc = NULL;
    char *clean = lima_mem_strdup(without_prefix(path, &unc));
    bool windows = clean[0] != '/';
    for (char *c = clean; windows && *c; c++)
        if (*c == '/')
            *c = '\\';
    drop_end(clean, windows);
    free(unc);
    return clean;
}

bool lima_wsl2_path_same(const char *a, const char *b)
{
    char *clean_a = lima_wsl2_path_clean(a), *clean_b = lima_wsl2_path_clean(b);
    bool windows = clean_a[0] != '/';
    bool same = windows ? lima_str_eq_nocase(clean_a, clean_b) : lima_str_eq(clean_a, clean_b);
    free(clean_a);
    free(clean_b);
    return same;
}

static wsl2_stored stored_of(const wsl2_registry_values *values)
{
    bool known = values->has_state
                 && (values->state == WSL2_STORED_INSTALLED || values->state == WSL2_STORED_INSTALLING
                     || values->state == WSL2_STORED_UNINSTALLING);
    return known ? (wsl2_stored)values->state : WSL2_STORED_ODD;
}

static char *copy_path(const char *path)
{
    return lima_str_empty(path) ? NULL : lima_wsl2_path_clean(path);
}

wsl2_subkey lima_wsl2_registration_read(const wsl2_registry_values *values, wsl2_registration *ret)
{
    wsl2_registration made = {0};
    if (!lima_wsl2_guid_parse(values->subkey, made.guid))
        return WSL2_SUBKEY_OTHER;
    made.name = lima_str_empty(values->distribution_name) ? NULL : lima_mem_strdup(values->distribution_name);
    made.base_path = copy_path(values->base_path);
    const char *disk = lima_str_empty(values->vhd_file_name) ? default_disk : values->vhd_file_name;
    made.vhd_path = made.base_path ? lima_path_join(made.base_path, disk) : NULL;
    made.shortcut = copy_path(values->shortcut_path);
    made.terminal_profile = copy_path(values->terminal_profile_path);
    made.stored = stored_of(values);
    made.wsl2 = !values->has_flags || (values->flags & FLAG_VM_MODE);
    made.flags = values->has_flags ? values->flags : 0;
    made.default_uid = values->has_default_uid ? values->default_uid : 0;
    *ret = made;
    return made.name ? WSL2_SUBKEY_DISTRIBUTION : WSL2_SUBKEY_NAMELESS;
}

void lima_wsl2_registration_free(wsl2_registration *registration)
{
    free(registration->name);
    free(registration->base_path);
    free(registration->vhd_path);
    free(registration->shortcut);
    free(registration->terminal_profile);
    *registration = (wsl2_registration){0};
}
