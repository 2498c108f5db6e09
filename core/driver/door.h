/* A door into the guest: a listener on this side, and for each connection to it a way into the guest. Any
 * number of connections one after the other, LIMA_DOOR_MAX at once; one more is closed. A way that cannot be
 * had is logged, and its connection closed: clients try again, limactl every ten seconds. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "driver/way.h"
#include "os/clock.h"
#include "os/stream.h"
#include "os/thread.h"

enum { LIMA_DOOR_MAX = 64 };

typedef struct lima_door_desc {
    const char *name; /* static; for the log: "guest agent" */
    void *listener;   /* the door's from now on */
    bool (*accept)(void *listener, lima_deadline deadline, lima_wake *wake, lima_stream **ret, lima_err *err);
    void (*close)(void *listener);
    /* The way in, for one connection; called in many threads. CANCELLED is not logged. */
    bool (*dial)(const void *arg, lima_wake *wake, lima_way *ret, lima_err *err);
    const void *arg; /* must outlive the door */
} lima_door_desc;

typedef struct lima_door lima_door;
/* RESOURCE_EXHAUSTED; the listener is closed then, too. */
bool lima_door_open(const lima_door_desc *desc, lima_door **ret, lima_err *err);
/* The same with a local socket at `path` (os/listener.h, with its failures): name, dial and arg of `desc`
 * are used. */
bool lima_door_open_local(const char *path, const lima_door_desc *desc, lima_door **ret, lima_err *err);
void lima_door_close(lima_door *door); /* ends all connections; NULL does nothing */
