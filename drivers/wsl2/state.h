/* The state of one instance from what could be found out: a pure decision (facts: wsl.md 2.4), so that every
 * row of it is tested. It never guesses "stopped". */
#pragma once

#include <stdbool.h>

#include "driver/driver.h"
#include "wsl2/registration.h"

/* What `--list --running --quiet` said. */
typedef enum wsl2_running {
    WSL2_RUNNING_NOT_ASKED = 0,
    WSL2_RUNNING_YES,
    WSL2_RUNNING_NO,
    WSL2_RUNNING_UNKNOWN, /* failed or timed out; `why` says how */
} wsl2_running;

typedef struct wsl2_state_facts {
    const char *distro; /* "lima-dev" */
    const char *inst_dir;
    wsl2_kinship kin;                      /* lima_wsl2_kinship */
    const wsl2_registration *registration; /* NULL: none */
    bool keeper_alive;                     /* a live keeper of this instance proves that it runs */
    wsl2_running running;
    const char *why; /* error text; also when the registry could not be read (then `unreadable`) */
    bool unreadable; /* the registry could not be read */
} wsl2_state_facts;

/* Whether the list has to be asked at all: installed, disk there, and no keeper proves it. */
bool lima_wsl2_state_needs_list(const wsl2_state_facts *facts);
/* Fills state and text; port and address stay as they are. */
void lima_wsl2_state_decide(const wsl2_state_facts *facts, lima_vm_status *ret);
