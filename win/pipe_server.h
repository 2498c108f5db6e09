/* The server of a named pipe that a VM's worker process writes a COM port to.
 *
 * Plain C: tests on other hosts implement it as they like. Facts: hyperv-hcs.md 3.8. One client, which comes from
 * this computer; the name is taken by nobody else while the server is open. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "os/clock.h"
#include "os/stream.h"
#include "os/thread.h"

typedef struct lima_pipe_server lima_pipe_server;

/* `name`: "\\.\pipe\NAME". This user, SYSTEM and the accounts of virtual machines may connect. ALREADY_EXISTS:
 * somebody serves it. */
bool lima_pipe_listen(const char *name, lima_pipe_server **ret, lima_err *err);
/* The client; what it had written before counts. Only once: afterwards FAILED_PRECONDITION. DEADLINE_EXCEEDED,
 * CANCELLED. */
bool lima_pipe_accept(lima_pipe_server *server, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                      lima_err *err);
void lima_pipe_close(lima_pipe_server *server); /* NULL does nothing; the accepted stream lives on */
