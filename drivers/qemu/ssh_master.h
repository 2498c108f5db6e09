/* The instance's shared SSH connection (INSTDIR/ssh.sock), which does not survive that the guest goes back
 * in time. */
#pragma once

#include "driver/instance.h"
#include "os/thread.h"

enum { QEMU_SSH_EXIT_MS = 5000, QEMU_SSH_OPEN_MS = 15000 };

/* Ends the master connection and opens a new one. Otherwise the next `limactl shell` writes into a TCP
 * connection that the restored guest knows nothing of, and hangs for minutes (facts: limactl-e2e 1.7); and
 * what the host agent forwards over it needs a new one to come back. Failures are logged: the snapshot has
 * been applied all the same. Nothing is done where there is no master. */
void lima_qemu_ssh_master_renew(const lima_instance *inst, lima_wake *wake);
