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

static wsl2_stored stored_of(const wsl2_registry_values *values)
{
    bool known = values->has_state
                 && (values->state == WSL2_STORED_INSTALLED || values->state == WSL2_STORED_INSTALLING
                     || values->state == WSL2_STORED_UNINSTALLING);
    return known ? (wsl2_stored)values->state : WSL2_STORED_ODD;
}

static char *copy_path(const char *path)
{
    return lima_str_empty(path) ? NULL : lima_path_clean(path);
}

wsl2_subkey lima_wsl2_registration_read(const wsl2_registry_values *values, wsl2_registration *ret)
{
    wsl2_registration made = {0};
    if (!lima_guid_parse(values->subkey, made.guid))
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
