/* The way to the guest's SSH server from 127.0.0.1 of this computer, where ssh.config and every limactl
 * command look for it. Where WSL's own relay leads there, it is used; where it does not, the driver offers
 * the port itself and carries the bytes. */
#pragma once

#include "base/err.h"
#include "driver/driver.h"

enum {
    WSL2_SSHD_MS = 60000,  /* until the guest's server listens */
    WSL2_RELAY_MS = 10000, /* until WSL's relay has noticed it: it looks about once a second */
};

/* lima_driver.setup_ssh: returns when the server of this start, and no other, answers on the port: it says
 * this start's nonce. ALREADY_EXISTS: another program has the port. UNAVAILABLE: no way leads to the
 * guest. */
bool lima_wsl2_ssh_set_up(lima_call *call, lima_err *err);
