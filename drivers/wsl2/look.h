/* One look at the registry and the instance folder: is there a distribution of this instance, and whose is
 * it. Runs nothing, takes milliseconds. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/instance.h"
#include "wsl2/registration.h"

#define WSL2_DISK_FILE "ext4.vhdx"

/* {0} is empty and freeable. */
typedef struct wsl2_look {
    char *distro;   /* owned, as all that follow: "lima-dev" */
    char *dir;      /* INSTDIR, links resolved */
    char *own_disk; /* where a disk of ours belongs: INSTDIR\ext4.vhdx */
    bool registered;
    wsl2_registration registration; /* when registered; base_path with links resolved */
    wsl2_kinship kin;
    char *known_guid; /* of our record; NULL: none */
    lima_strv names;  /* of all distributions */
    bool registered_disk_present, own_disk_present;
} wsl2_look;

/* Fails when the registry or the folder cannot be read, or the instance's name is not one for a
 * distribution. */
bool lima_wsl2_look(const lima_instance *inst, wsl2_look *ret, lima_err *err);
/* The same for another distribution of this driver, whose folder need not exist. */
bool lima_wsl2_look_at(const char *distro, const char *dir, wsl2_look *ret, lima_err *err);
void lima_wsl2_look_free(wsl2_look *look);
/* lima_wsl2_kinship_check on what was seen. */
bool lima_wsl2_look_check(const wsl2_look *look, lima_err *err);
