/* What this Windows can do for VMs. */
#pragma once

#include "base/err.h"
#include "hyperv/document.h"
#include "os/clock.h"
#include "os/thread.h"
#include "win/rights.h"

/* Asks the service; which is also the test that it answers. */
bool lima_hyperv_host_look(const lima_rights *rights, lima_deadline deadline, lima_wake *wake,
                           hyperv_host *ret, lima_err *err);
