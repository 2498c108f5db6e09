/* What keeps this user from running VMs, from facts that were looked up before anything is called
 * (win/rights.h): one cause, and the one command that helps (facts: hyperv-hcs 1.2, 1.5). Pure. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "win/rights.h"

typedef enum hyperv_lack {
    HYPERV_LACK_NOTHING = 0,
    HYPERV_LACK_WINDOWS, /* too old */
    HYPERV_LACK_FEATURE,
    HYPERV_LACK_VM_SERVICE,      /* disabled */
    HYPERV_LACK_NETWORK_SERVICE, /* disabled */
    HYPERV_LACK_FIRMWARE,
    HYPERV_LACK_HYPERVISOR,        /* turned off in the boot settings, or not yet restarted into */
    HYPERV_LACK_LOGON,             /* in the group, but not in the token yet */
    HYPERV_LACK_ELEVATION,         /* could have it as administrator */
    HYPERV_LACK_NETWORK_ELEVATION, /* the group is not enough for networks here */
    HYPERV_LACK_GROUP,             /* an administrator has to give it */
} hyperv_lack;

/* For VMs. The first obstacle that has to be removed. */
hyperv_lack lima_hyperv_lack(const lima_rights *rights);
/* For HCN networks, as if VMs were no problem. */
hyperv_lack lima_hyperv_network_lack(const lima_rights *rights);

/* UNIMPLEMENTED: an old Windows; PERMISSION_DENIED: what the user lacks; FAILED_PRECONDITION: what the
 * computer lacks; OK: nothing. */
lima_code lima_hyperv_lack_code(hyperv_lack lack);
/* A clause: "the Windows feature Virtual Machine Platform is off". */
const char *lima_hyperv_lack_cause(hyperv_lack lack);
/* The next step, with its command, which names user and group as they are called here: "run as administrator:
 * `dism …`, then restart Windows". Owned. */
char *lima_hyperv_lack_next(hyperv_lack lack, const lima_rights *rights);

/* True: VMs can be run. Else fills err: "CAUSE; NEXT". */
bool lima_hyperv_rights_check(const lima_rights *rights, lima_err *err);
