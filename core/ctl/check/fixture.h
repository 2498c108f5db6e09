/* What a running case works with: a private folder, an instance folder and document in it, servers,
 * clients and streams. All that is got here belongs to the fixture, which ends and removes it after the
 * case, however the case went. Inside the kit only. */
#pragma once

#include "ctl/check/check.h"
#include "data/json.h"
#include "os/clock.h"
#include "os/process.h"
#include "os/stream.h"
#include "rpc/client.h"
#include "rpc/launch.h"

enum {
    LIMA_CHECK_CALL_MS = 10000,  /* limactl's own deadline for Info, Configure, Validate */
    LIMA_CHECK_START_MS = 10000, /* limactl's patience with a server's start and end */
    LIMA_CHECK_OWNED_MAX = 256,  /* clients, streams, connections of one case */
};

/* Which contracts the driver speaks, found out before the first case. */
typedef struct lima_check_abilities {
    bool inst_dir, announce, tool_2_1;
    lima_err inst_dir_err, announce_err, tool_2_1_err; /* why not */
} lima_check_abilities;
/* As far as cases with those needs care. */
void lima_check_probe(const lima_check_config *config, unsigned needs, lima_check_abilities *ret);

/* `can` may be NULL (while probing). */
bool lima_check_setup(const lima_check_config *config, const lima_check_abilities *can,
                      lima_deadline deadline, lima_check **ret, lima_err *err);
/* The end of the driver's standard error; may be NULL. */
void lima_check_teardown(lima_check *check, char **ret_log);
bool lima_check_skip(lima_check *check, const char *reason); /* static text. Returns true */
const char *lima_check_skipped(const lima_check *check);     /* that text, or NULL */

/* ---- places and documents ---- */
const char *lima_check_driver(const lima_check *check); /* the program */
const char *lima_check_dir(const lima_check *check);    /* the instance folder, existing */
const char *lima_check_root(const lima_check *check);   /* the folder around it */
char *lima_check_socket(const lima_check *check);       /* owned: the fixed socket of 2.2 */
lima_json *lima_check_instance(lima_check *check);      /* the Instance document, to be changed by the case */
/* Another name for the instance folder. */
bool lima_check_use_folder(lima_check *check, const char *name, lima_err *err);
/* That time from now, but not past the case's own deadline. */
lima_deadline lima_check_in(const lima_check *check, uint64_t ms);

/* ---- processes ---- */
bool lima_check_serve_as(lima_check *check, lima_launch_mode mode, lima_err *err);
bool lima_check_serve(lima_check *check, lima_err *err); /* in whichever mode the driver has, newest first */
void lima_check_be_old(lima_check *check);               /* from now on that is the mode of 2.0 and 2.1 */
bool lima_check_serve_configured(lima_check *check, lima_err *err); /* and Configure */
lima_process *lima_check_server(const lima_check *check);           /* NULL: none */
lima_client *lima_check_main(const lima_check *check);              /* the client of that server */
const char *lima_check_served_at(const lima_check *check);          /* the socket's path */
void lima_check_kill(lima_check *check); /* the server, as a crash would; its clients are closed */
/* A second process of the driver with these arguments (argv[0] is filled in). */
bool lima_check_start_process(lima_check *check, const char *arg1, const char *arg2, lima_process_out out,
                              lima_process **ret, lima_err *err);
/* The short-lived runs by bytes: what goes in, what came out, the exit. */
bool lima_check_tool(lima_check *check, const char *flag, const char *input, lima_buf *out,
                     lima_process_exit *ret, lima_err *err);

/* ---- talking ---- */
/* One more connection. */
bool lima_check_client(lima_check *check, const char *user_agent, lima_client **ret, lima_err *err);
/* A bare connection, nothing sent. */
bool lima_check_stream(lima_check *check, lima_stream **ret, lima_err *err);
void lima_check_drop_streams(lima_check *check); /* closes the bare connections */
bool lima_check_start_stream(lima_check *check, lima_client *client, lima_start_stream **ret, lima_err *err);
void lima_check_drop_start(lima_check *check, lima_start_stream *stream);
/* By the main client. `ret` may be NULL. */
bool lima_check_call(lima_check *check, const char *method, const lima_json *request, lima_json **ret,
                     lima_err *err);
bool lima_check_call_within(lima_check *check, const char *method, const lima_json *request, uint64_t ms,
                            lima_json **ret, lima_err *err);
/* With the fixture's instance. */
bool lima_check_configure(lima_check *check, lima_json **ret, lima_err *err);
/* Sends Configure with these bytes as its document; the answer's document is added to `ret` (may be NULL). */
bool lima_check_configure_bytes(lima_check *check, const void *bytes, size_t len, lima_buf *ret,
                                lima_err *err);
/* A new client gets an answer to Info: the server serves. */
bool lima_check_alive(lima_check *check, lima_err *err);

/* ---- a VM (LIMA_CHECK_GUEST) ---- */
/* Guest files in place, served, Configure, Create, CreateDisk. */
bool lima_check_vm_prepare(lima_check *check, lima_err *err);
/* And Start, until its first message. */
bool lima_check_vm_start(lima_check *check, const char *user_agent, lima_start_stream **ret, lima_err *err);
/* Stop, within limactl's patience; the host agent ends with it. */
bool lima_check_vm_stop(lima_check *check, lima_err *err);
/* Opening a Start stream makes this process the instance's host agent, as drivers see it (hostAgentPID,
 * ha.pid); this ends that. */
void lima_check_end_host_agent(lima_check *check);
/* By --inspect-status, as limactl reads it. */
bool lima_check_status(lima_check *check, bool *ret_running, lima_err *err);
/* Waits until the status is Running, as limactl does before it offers anything else. */
bool lima_check_vm_running(lima_check *check, lima_err *err);
/* As the last status named it; false: it did not. */
bool lima_check_vm_process(const lima_check *check, lima_process_id *ret);

/* ---- saying what is wrong ---- */
bool lima_check_that(bool ok, lima_err *err, const char *fmt, ...) LIMA_PRINTF(3, 4); /* returns ok */
/* The outcome of a call that must fail: fails when it succeeded, and when the connection broke. */
bool lima_check_refused(bool ok, const lima_err *got, const char *what, lima_err *err);
