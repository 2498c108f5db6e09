/* What is true of VMs now, as the service says. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/guid.h"
#include "base/strv.h"
#include "driver/driver.h"
#include "os/clock.h"
#include "os/thread.h"

typedef enum hyperv_vm_state {
    HYPERV_VM_NONE = 0, /* there is none, or it has stopped */
    HYPERV_VM_CREATED,  /* not started: a start goes on, or was broken off */
    HYPERV_VM_RUNNING,
    HYPERV_VM_PAUSED,
    HYPERV_VM_FOREIGN, /* somebody else's has that id; never touched */
    HYPERV_VM_UNKNOWN, /* a state that this driver does not know */
} hyperv_vm_state;

/* False: this computer has no such service, or no hypervisor, so that there are no VMs. */
bool lima_hyperv_look_possible(void);
bool lima_hyperv_look(const char *vm_id, lima_deadline deadline, lima_wake *wake, hyperv_vm_state *ret,
                      lima_err *err);
/* Ids of all VMs of this driver, of all users' instances; in lower case. */
bool lima_hyperv_look_all(lima_deadline deadline, lima_wake *wake, lima_strv *ret, lima_err *err);

/* lima_driver.inspect. */
bool lima_hyperv_inspect(const lima_instance *inst, lima_vm_status *ret, lima_err *err);
