/* The wsl2 driver's part of an instance's configuration: filling what limactl cannot do without, refusing by
 * name what WSL2 cannot do (facts: lima-driver-contract 6.2, 8.4; wsl.md 5.6). Pure: what has to be looked at
 * comes as wsl2_config_inputs. Keys that are merely ignored are told once, in a list for the log: those the
 * user has written, not those limactl fills in. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "driver/instance.h"

typedef struct wsl2_config_inputs {
    const char *host_arch; /* lima_host.arch */
    const char *home;      /* lima_host.home, for "~" in mounts */
    const lima_json
        *written;      /* INSTDIR/lima.yaml: what the user wrote, templates included; NULL: not known */
    bool exists;       /* the distribution is registered: what its first boot has fixed must stay */
    uint32_t user_uid; /* of the guest's user, from our record; 0: not known */
} wsl2_config_inputs;

/* Fills vmType, mountType and, unless the user has chosen one or the guest has one, user.uid (one of its own
 * for each instance). INVALID_ARGUMENT naming the key; the instance is then unchanged. Running it again
 * changes nothing. */
bool lima_wsl2_configure(lima_instance *inst, const wsl2_config_inputs *inputs, lima_err *err);

/* INVALID_ARGUMENT naming the key and what is allowed; UNIMPLEMENTED naming what this driver does not do.
 * `ret_warnings` (may be NULL) gets one sentence per key that the user wrote and WSL2 ignores. */
bool lima_wsl2_validate(const lima_instance *inst, const wsl2_config_inputs *inputs, lima_strv *ret_warnings,
                        lima_err *err);

/* hostname as limactl makes it: "lima-" and the name with '.' and '_' as '-'. Owned. */
char *lima_wsl2_hostname(const lima_instance *inst);
