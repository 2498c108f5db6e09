/* When a driver process ends by itself: a pure decision, so that every branch of it can be tested.
 *
 * limactl 2.2 has no owner for the servers it starts, and leaves them behind on many paths (facts:
 * lima-driver-contract 8.1, no. 1 and 5). So a driver that nobody needs any more finds that out alone. What
 * it never does is end under a session: its VM would lose the only process that watches it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "os/clock.h"

enum {
    /* Between two looks; a new server waits longer than that for the old one to leave. */
    LIMA_LIFECYCLE_CHECK_MS = 3000,
    /* INST_DIR: nobody connected, no VM; environment LIMA_DRIVER_IDLE_SECONDS. */
    LIMA_LIFECYCLE_IDLE_MS = 600000,
    LIMA_LIFECYCLE_FIRST_MS = 60000, /* ANNOUNCE: nobody has ever connected */
    /* ANNOUNCE: the last connection was closed in use: its limactl has gone. */
    LIMA_LIFECYCLE_LAST_MS = 10000,
    /* ANNOUNCE: it was closed while idle. grpc-go does that after 30 min without a call, and connects
     * again for the next one. */
    LIMA_LIFECYCLE_IDLE_CHANNEL_MS = 2100000,
    LIMA_LIFECYCLE_QUIET_MS = 1500000, /* no call for so long before the close makes it idle */
};

typedef enum lima_lifecycle_mode {
    LIMA_LIFECYCLE_INST_DIR = 0, /* limactl 2.2+ */
    LIMA_LIFECYCLE_ANNOUNCE,     /* 2.0, 2.1: one limactl process owns this server */
    LIMA_LIFECYCLE_STDIO,        /* lives as long as its standard input */
} lima_lifecycle_mode;

typedef struct lima_lifecycle {
    lima_lifecycle_mode mode;
    uint64_t now, started; /* lima_clock_now */
    uint64_t idle_ms;      /* 0: LIMA_LIFECYCLE_IDLE_MS */
    unsigned connections, sessions;
    uint64_t connected;  /* last time that connections was not 0; 0: never */
    uint64_t called;     /* last time that a call began or ended; 0: never */
    bool stop_requested; /* SIGTERM */
    bool input_ended;    /* STDIO */
    bool deleted; /* Delete has succeeded and was answered. 2.0 and 2.1 may go on with another instance */
    bool folder_gone;
    bool socket_lost;   /* our socket file is gone, or is another's */
    bool pid_file_lost; /* NAME.drv.pid named us once and does not any more */
} lima_lifecycle;

typedef enum lima_lifecycle_end {
    LIMA_LIFECYCLE_STAY = 0,
    LIMA_LIFECYCLE_STOP_REQUESTED,
    LIMA_LIFECYCLE_INPUT_ENDED,
    LIMA_LIFECYCLE_FOLDER_GONE, /* VMs of this process are forced off: nobody can reach them any more */
    LIMA_LIFECYCLE_DELETED,
    LIMA_LIFECYCLE_SOCKET_LOST,
    LIMA_LIFECYCLE_PID_FILE_LOST,
    LIMA_LIFECYCLE_NEVER_CONNECTED,
    LIMA_LIFECYCLE_CLIENT_GONE,
    LIMA_LIFECYCLE_IDLE, /* the caller makes sure that no VM of an earlier process runs before it obeys */
} lima_lifecycle_end;

lima_lifecycle_end lima_lifecycle_decide(const lima_lifecycle *facts);
const char *lima_lifecycle_reason(lima_lifecycle_end end); /* for the log */
