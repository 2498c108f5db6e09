/* One server run of a driver program, from the socket to the end that lima_lifecycle_decide finds. Inside
 * core/rpc. */
#pragma once

#include "driver/driver.h"
#include "os/stream.h"
#include "os/thread.h"
#include "rpc/options.h"

enum {
    /* What calls under way get at the end. With the server's own LIMA_SERVER_CANCEL_MS and a second to drop
     * connections it stays below the 10 s after which limactl kills. */
    LIMA_SERVE_GRACE_MS = 7000,
};

typedef struct lima_serve {
    const lima_driver *driver;
    const char *name;
    const lima_options *options;
    const char *inst_dir;  /* real path of the options' one; NULL: none */
    lima_stream *in, *out; /* standard input and output */
    lima_wake *stop;       /* raised by SIGTERM; the run raises it itself to end */
} lima_serve;

/* Returns when the server has ended; false: it could not start. *ret_stuck: a callback of the driver still
 * runs, so the process must not be taken down in order. */
bool lima_serve_inst_dir(const lima_serve *serve, bool *ret_stuck, lima_err *err);
bool lima_serve_announce(const lima_serve *serve, bool *ret_stuck, lima_err *err);
bool lima_serve_stdio(const lima_serve *serve, bool *ret_stuck, lima_err *err);
