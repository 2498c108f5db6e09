/* Running a driver program the ways limactl does (facts: lima-driver-contract 2): as a server of either
 * process generation, and as a short-lived tool. Any driver, ours or not. */
#pragma once

#include "rpc/client.h"
#include "rpc/pump.h"

typedef enum lima_launch_mode {
    /* 2.2+: --inst-dir, fixed socket NAME.drv.sock in the instance folder; an accepting server there is
     * reused */
    LIMA_LAUNCH_INST_DIR = 0,
    LIMA_LAUNCH_ANNOUNCE, /* 2.0, 2.1: no arguments, socket path as JSON on stdout */
    LIMA_LAUNCH_STDIO,    /* ours only: --stdio */
} lima_launch_mode;

typedef struct lima_launched {
    lima_process *process; /* owned; NULL when a running server was reused */
    lima_client *client;   /* owned, connected */
    char *socket;          /* owned; NULL for STDIO */
    bool announced;        /* the socket file goes with the server, as limactl 2.0 and 2.1 do it */
    lima_pump *pump;       /* owned; STDIO only */
} lima_launched;

/* `inst_dir` may be NULL for ANNOUNCE and STDIO. stderr of the driver is appended to `stderr_file` (NULL:
 * nowhere). NAME is the program's file name without "lima-driver-" and ".exe". Deadline 10 s is what
 * limactl grants. */
bool lima_launch(const char *program, lima_launch_mode mode, const char *inst_dir, const char *stderr_file,
                 lima_deadline deadline, lima_launched *ret, lima_err *err);
/* Ends the server as limactl does: closes the client, SIGTERM, up to grace_ms, kill. Reused servers are
 * only disconnected. */
void lima_launched_stop(lima_launched *launched, uint32_t grace_ms);

/* --inspect-status: the Instance document in and out. */
bool lima_launch_inspect(const char *program, const lima_json *instance, lima_deadline deadline,
                         lima_json **ret, lima_err *err);
/* --pre-driver-action: the configuration in and out. */
bool lima_launch_configure(const char *program, const lima_json *config, const char *file_path,
                           lima_deadline deadline, lima_json **ret, lima_err *err);
/* --prep (tool.h): `action` is "status", "prepare" or "undo", `user` NULL or whom to prepare. An answer
 * without "ready" and "next" is none. */
bool lima_launch_prep(const char *program, const char *action, const char *user, lima_deadline deadline,
                      lima_wake *wake, lima_json **ret, lima_err *err);
/* Owned: "lima-driver-x.exe" gives "x". */
char *lima_launch_driver_name(const char *program);
