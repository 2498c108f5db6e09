/* One instance's distribution, as this process of the driver knows it: what is behind lima_call_state, and
 * what start, wait and stop do with it. What is true of it is asked anew each time (inspect.h); this only
 * holds what this process has in hand. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "driver/door.h"
#include "driver/driver.h"
#include "os/thread.h"
#include "wsl2/boot.h"
#include "wsl2/keeper.h"
#include "wsl2/network.h"

/* How the guest of this start is reached. */
typedef struct wsl2_reach {
    char *exe, *distro;
    uint16_t port;       /* on 127.0.0.1 here */
    uint16_t guest_port; /* in the guest */
    char address[16];    /* the guest's; "" unknown */
    char host[16];       /* Windows' for the guest; "": none */
    char nonce[33];
    wsl2_network network;
    bool localhost_forwarding;
    char vm_id[37]; /* "" unknown */
    char guid[37];
    uint32_t vsock_port; /* of the guest agent; 0: it listens on a Unix socket in the guest */
} wsl2_reach;

typedef struct wsl2_vm {
    lima_monitor *monitor; /* guards what follows */
    wsl2_keeper *keeper;   /* of the last start; NULL: none */
    wsl2_provision *provision;
    lima_door *ssh, *agent;
    wsl2_reach reach; /* changes in start only */
    unsigned users;   /* calls that have the keeper, or reach, in hand */
    bool stopping;    /* a stop is under way */
    bool end_wanted;  /* … or was, since the last start */
} wsl2_vm;

typedef struct wsl2_state {
    _Atomic(wsl2_vm *) vm; /* made by the first call that needs it */
} wsl2_state;

wsl2_vm *lima_wsl2_vm_of(lima_call *call);
void lima_wsl2_state_free(void *state);

/* The keeper of a running start, until lima_wsl2_vm_leave; NULL (and no leave) when this process has none. */
wsl2_keeper *lima_wsl2_vm_enter(wsl2_vm *vm);
void lima_wsl2_vm_leave(wsl2_vm *vm);
/* Doors and provisioning of a distribution that is gone. */
void lima_wsl2_vm_close(wsl2_vm *vm);

bool lima_wsl2_vm_start(lima_call *call, lima_err *err); /* start.c */
bool lima_wsl2_vm_wait(lima_call *call, lima_err *err);
bool lima_wsl2_vm_stop(lima_call *call, uint32_t grace_ms, lima_err *err); /* stop.c */
/* Terminates it and sees to it that it is gone. Fine when it does not run. */
bool lima_wsl2_terminate(const char *exe, const wsl2_look *look, lima_wake *wake, lima_err *err);
