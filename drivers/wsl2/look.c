#include "wsl2/look.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "os/file.h"
#include "win/registry.h"
#include "wsl2/argv.h"
#include "wsl2/files.h"
#include "wsl2/record.h"

static wsl2_registry_values values_of(const char *subkey, const lima_registry_key *key)
{
    wsl2_registry_values values = {
        .subkey = subkey,
        .distribution_name = lima_registry_text(key, "DistributionName"),
        .base_path = lima_registry_text(key, "BasePath"),
        .vhd_file_name = lima_registry_text(key, "VhdFileName"),
        .shortcut_path = lima_registry_text(key, "ShortcutPath"),
        .terminal_profile_path = lima_registry_text(key, "TerminalProfilePath"),
    };

    values.has_state = lima_registry_number(key, "State", &values.state);
    values.has_flags = lima_registry_number(key, "Flags", &values.flags);
    values.has_default_uid = lima_registry_number(key, "DefaultUid", &values.default_uid);
    return values;
}

/* A key without a name yet is ours when it points to our folder. */
static bool is_ours(const wsl2_look *look, wsl2_subkey kind, const wsl2_registration *found)
{
    if (kind == WSL2_SUBKEY_NAMELESS)
        return found->base_path && lima_path_same(found->base_path, look->dir);
    return lima_str_eq_nocase(found->name, look->distro);
}

static void take_subkey(const char *name, wsl2_look *look)
{
    lima_registry_key key = {0};
    wsl2_registration found = {0};
    char *path = lima_mem_printf("%s\\%s", WSL2_LXSS_KEY, name);

    if (lima_registry_read(LIMA_REGISTRY_USER, path, &key, NULL)) {
        wsl2_registry_values values = values_of(name, &key);
        wsl2_subkey kind = lima_wsl2_registration_read(&values, &found);
        if (kind == WSL2_SUBKEY_DISTRIBUTION)
            lima_strv_add(&look->names, found.name);
        if (kind != WSL2_SUBKEY_OTHER && !look->registered && is_ours(look, kind, &found)) {
            look->registration = found;
            look->registered = true;
            found = (wsl2_registration){0};
        }
    }
    lima_wsl2_registration_free(&found);
    lima_registry_free(&key);
    free(path);
}

static bool read_registry(wsl2_look *look, lima_err *err)
{
    lima_registry_key all = {0};
    lima_err failure = {0};

    if (!lima_registry_read(LIMA_REGISTRY_USER, WSL2_LXSS_KEY, &all, &failure))
        return failure.code == LIMA_CODE_NOT_FOUND
               || lima_err_set(err, failure.code, "list of distributions: %s", failure.text);
    for (size_t i = 0; i < all.subkeys.len; i++)
        take_subkey(all.subkeys.items[i], look);
    lima_registry_free(&all);
    return true;
}

static wsl2_kin_facts facts_of(const wsl2_look *look)
{
    return (wsl2_kin_facts){.registration = look->registered ? &look->registration : NULL,
                            .inst_dir = look->dir,
                            .known_guid = look->known_guid,
                            .registered_disk_present = look->registered_disk_present,
                            .own_disk_present = look->own_disk_present};
}

static void resolve(char **path)
{
    char *real = NULL;

    if (*path && lima_file_real_path(*path, &real, NULL)) {
        free(*path);
        *path = real;
    }
}

static bool look_around(wsl2_look *look, lima_err *err)
{
    look->own_disk = lima_path_join(look->dir, WSL2_DISK_FILE);
    if (!lima_wsl2_name_check(look->distro, err) || !read_registry(look, err))
        return false;
    resolve(&look->registration.base_path);
    look->registered_disk_present = lima_wsl2_exists(look->registration.vhd_path);
    look->own_disk_present = lima_wsl2_exists(look->own_disk);
    wsl2_kin_facts facts = facts_of(look);
    look->kin = lima_wsl2_kinship(&facts);
    return true;
}

bool lima_wsl2_look_at(const char *distro, const char *dir, wsl2_look *ret, lima_err *err)
{
    wsl2_look look = {.distro = lima_mem_strdup(distro), .dir = lima_mem_strdup(dir)};

    if (!look_around(&look, err)) {
        lima_wsl2_look_free(&look);
        return false;
    }
    *ret = look;
    return true;
}

bool lima_wsl2_look(const lima_instance *inst, wsl2_look *ret, lima_err *err)
{
    wsl2_record record = {0};
    wsl2_look look = {.distro = lima_wsl2_distro_name(inst->name)};

    if (!lima_file_real_path(inst->dir, &look.dir, err)) {
        lima_wsl2_look_free(&look);
        return false;
    }
    lima_wsl2_record_read(inst, &record);
    look.known_guid = *record.guid ? lima_mem_strdup(record.guid) : NULL;
    if (!look_around(&look, err)) {
        lima_wsl2_look_free(&look);
        return false;
    }
    *ret = look;
    return true;
}

void lima_wsl2_look_free(wsl2_look *look)
{
    free(look->distro);
    free(look->dir);
    free(look->own_disk);
    free(look->known_guid);
    lima_wsl2_registration_free(&look->registration);
    lima_strv_free(&look->names);
    *look = (wsl2_look){0};
}

bool lima_wsl2_look_check(const wsl2_look *look, lima_err *err)
{
    wsl2_kin_facts facts = facts_of(look);

    return lima_wsl2_kinship_check(look->kin, &facts, look->distro, err);
}
