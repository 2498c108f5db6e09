/* Registered distributions, as the registry has them (facts: wsl.md 3). The caller reads the values
 * (win/registry.h), this makes records of them: odd subkeys, half-written keys and old path forms included.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/guid.h"

#define WSL2_LXSS_KEY "Software\\Microsoft\\Windows\\CurrentVersion\\Lxss" /* under HKCU; MSI under HKLM */

/* The values of one subkey of Lxss; what is absent, or of another type, is NULL or has_… false. Borrowed. */
typedef struct wsl2_registry_values {
    const char *subkey;
    const char *distribution_name, *base_path, *vhd_file_name, *shortcut_path, *terminal_profile_path;
    bool has_state, has_flags, has_default_uid;
    uint32_t state, flags, default_uid;
} wsl2_registry_values;

/* What is stored; Running and others exist only at run time. */
typedef enum wsl2_stored {
    WSL2_STORED_ODD = 0, /* none of the three: absent or another number */
    WSL2_STORED_INSTALLED = 1,
    WSL2_STORED_INSTALLING = 3,
    WSL2_STORED_UNINSTALLING = 4,
} wsl2_stored;

/* {0} is empty and freeable. */
typedef struct wsl2_registration {
    char guid[LIMA_GUID_SIZE];         /* lower case, without braces */
    char *name;                        /* owned, as all strings; as registered, case kept */
    char *base_path;                   /* without \\?\ ; NULL: not written (yet) */
    char *vhd_path;                    /* base_path and file name; NULL as base_path */
    char *shortcut, *terminal_profile; /* Start-menu and Terminal files WSL made for it; NULL: none */
    wsl2_stored stored;
    bool wsl2; /* flag 8; true where Flags is absent */
    uint32_t flags, default_uid;
} wsl2_registration;

typedef enum wsl2_subkey {
    WSL2_SUBKEY_OTHER = 0, /* no distribution: its name is no GUID */
    WSL2_SUBKEY_NAMELESS,  /* being written, or installed without a name: *ret has guid and what else is there
                            */
    WSL2_SUBKEY_DISTRIBUTION,
} wsl2_subkey;

/* *ret is filled unless WSL2_SUBKEY_OTHER; free it. */
wsl2_subkey lima_wsl2_registration_read(const wsl2_registry_values *values, wsl2_registration *ret);
void lima_wsl2_registration_free(wsl2_registration *registration);

/* Whose is a registration under our name, and are both its halves there? */
typedef enum wsl2_kinship {
    WSL2_KIN_NONE = 0,   /* no registration, no disk: not created */
    WSL2_KIN_OURS,       /* registration in the instance folder, or known by its GUID, with its disk */
    WSL2_KIN_NO_DISK,    /* ours, but the disk file (or its folder) is gone: offer to unregister */
    WSL2_KIN_NO_RECORD,  /* a disk in the instance folder without registration: import in place adopts it */
    WSL2_KIN_FOREIGN,    /* the name belongs to a distribution elsewhere: never touched */
    WSL2_KIN_NOT_WSL2,   /* ours by place, but a WSL1 distribution */
    WSL2_KIN_UNFINISHED, /* ours, State says installing: an import runs or has died */
    WSL2_KIN_GOING,      /* ours, State says uninstalling */
} wsl2_kinship;

typedef struct wsl2_kin_facts {
    const wsl2_registration *registration; /* of our name; NULL: none */
    const char *inst_dir;                  /* INSTDIR, real path */
    const char *known_guid;                /* of an earlier start, from our own record; NULL: none */
    bool registered_disk_present;          /* registration->vhd_path exists */
    bool own_disk_present;                 /* INSTDIR\ext4.vhdx exists */
} wsl2_kin_facts;

wsl2_kinship lima_wsl2_kinship(const wsl2_kin_facts *facts);
/* True for OURS and NONE. Else fills err: what is there, and the command that repairs it. NO_RECORD is an
 * error here too; a start handles it before. */
bool lima_wsl2_kinship_check(wsl2_kinship kin, const wsl2_kin_facts *facts, const char *distro,
                             lima_err *err);
