/* A door into the guest: a listener on this side, and for each connection to it a way into the guest. Any
 * number of connections one after the other, WSL2_DOOR_MAX at once. */
#pragma once

#include "base/err.h"
#include "os/clock.h"
#include "wsl2/pipe.h"

enum { WSL2_DOOR_MAX = 64 };

typedef struct wsl2_door_desc {
    const char *name; /* static; for the log: "guest agent" */
    void *listener;   /* the door's from now on */
    bool (*accept)(void *listener, lima_deadline deadline, lima_wake *wake, lima_stream **ret, lima_err *err);
    void (*close)(void *listener);
    /* The way in, for one connection; called in many threads. */
    bool (*dial)(void *arg, lima_wake *wake, wsl2_pipe *ret, lima_err *err);
    void *arg; /* must outlive the door */
} wsl2_door_desc;

typedef struct wsl2_door wsl2_door;
/* The listener is closed on failure, too. */
bool lima_wsl2_door_open(const wsl2_door_desc *desc, wsl2_door **ret, lima_err *err);
void lima_wsl2_door_close(wsl2_door *door); /* ends all connections; NULL does nothing */
