/* A registration is ours when it lies in the instance folder, as Lima's own driver makes it too, or when it
 * has the GUID that an earlier start of this instance has noted (a user may have moved it with `wsl --manage
 * --move`). Anything else under our name belongs to somebody. */
#include "wsl2/registration.h"

#include "base/path.h"
#include "base/str.h"

static bool is_ours(const wsl2_kin_facts *facts)
{
    const wsl2_registration *found = facts->registration;
    if (facts->known_guid && lima_str_eq_nocase(facts->known_guid, found->guid))
        return true;
    return found->base_path && lima_path_same(found->base_path, facts->inst_dir);
}

wsl2_kinship lima_wsl2_kinship(const wsl2_kin_facts *facts)
{
    const wsl2_registration *found = facts->registration;
    if (!found)
        return facts->own_disk_present ? WSL2_KIN_NO_RECORD : WSL2_KIN_NONE;
    if (!is_ours(facts))
        return WSL2_KIN_FOREIGN;
    if (found->stored == WSL2_STORED_UNINSTALLING)
        return WSL2_KIN_GOING;
    if (found->stored != WSL2_STORED_INSTALLED)
        return WSL2_KIN_UNFINISHED;
    if (!found->wsl2)
        return WSL2_KIN_NOT_WSL2;
    return facts->registered_disk_present ? WSL2_KIN_OURS : WSL2_KIN_NO_DISK;
}

static const char *path_or_dash(const char *path)
{
    return path ? path : "-";
}

bool lima_wsl2_kinship_check(wsl2_kinship kin, const wsl2_kin_facts *facts, const char *distro, lima_err *err)
{
    const wsl2_registration *found = facts->registration;
    switch (kin) {
    case WSL2_KIN_NONE:
    case WSL2_KIN_OURS:
        return true;
    case WSL2_KIN_NO_DISK:
        return lima_err_set(
            err, LIMA_CODE_DATA_LOSS,
            "distribution '%s' is registered, but its disk '%s' is missing; bring the file back, or "
            "remove the registration: `wsl --unregister %s`",
            distro, path_or_dash(found->vhd_path), distro);
    case WSL2_KIN_NO_RECORD:
        return lima_err_set(
            err, LIMA_CODE_FAILED_PRECONDITION,
            "'%s' holds the disk of distribution '%s', which is not registered; start the instance to "
            "register it again, or remove ext4.vhdx to begin anew",
            facts->inst_dir, distro);
    case WSL2_KIN_FOREIGN:
        return lima_err_set(
            err, LIMA_CODE_ALREADY_EXISTS,
            "distribution '%s' exists already in '%s' and is not this instance's ('%s'); it is left "
            "alone. Choose another instance name, or remove it: `wsl --unregister %s`",
            distro, path_or_dash(found->base_path), facts->inst_dir, distro);
    case WSL2_KIN_NOT_WSL2:
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                            "distribution '%s' is of WSL version 1; convert it: `wsl --set-version %s 2`",
                            distro, distro);
    case WSL2_KIN_UNFINISHED:
        return lima_err_set(
            err, LIMA_CODE_UNAVAILABLE,
            "distribution '%s' is being installed, or its installation was broken off; wait, or remove "
            "it: `wsl --unregister %s`",
            distro, distro);
    case WSL2_KIN_GOING:
        return lima_err_set(
            err, LIMA_CODE_UNAVAILABLE,
            "distribution '%s' is being removed, or its removal was broken off; wait, or remove it: "
            "`wsl --unregister %s`",
            distro, distro);
    }
    return lima_err_set(err, LIMA_CODE_INTERNAL, "distribution '%s': unknown kinship %d", distro, (int)kin);
}
