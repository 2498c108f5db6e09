/* Asking a guest to shut down. */
#pragma once

#include "driver/instance.h"
#include "os/thread.h"

/* By Windows' shutdown service, else over SSH; returns when the VM has ended, or could not be made to in
 * time: that is no error, and logged, because it is forced off then. Whoever has started it. */
void lima_hyperv_shut_down(const lima_instance *inst, const char *vm_id, uint32_t grace_ms, lima_wake *wake);
