/* A client of any Lima driver's gRPC service, ours or not. limadrv, its conformance kit and the tests
 * stand on it. No gRPC type shows. A client may be used by several threads at once. Waits end at deadline
 * (DEADLINE_EXCEEDED) or wake (CANCELLED). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "data/json.h"
#include "os/clock.h"
#include "os/process.h"
#include "os/stream.h"
#include "os/thread.h"

typedef struct lima_client lima_client;

/* UNAVAILABLE, NOT_FOUND as lima_stream_connect. */
bool lima_client_connect(const char *socket_path, lima_deadline deadline, lima_client **ret, lima_err *err);
/* The same with a user-agent header that begins with `user_agent`, "grpc-go/1.76.0": by it drivers tell
 * limactl's releases apart. */
bool lima_client_connect_as(const char *socket_path, const char *user_agent, lima_deadline deadline,
                            lima_client **ret, lima_err *err);
/* Over an existing socket, which the client owns from then on, also on failure (a driver's --stdio, a
 * test's pair). */
bool lima_client_adopt(lima_stream *stream, lima_client **ret, lima_err *err);
void lima_client_close(lima_client *client); /* cancels what is under way; NULL does nothing */

/* A unary call by bytes: `path` as "/Driver/Info". The reply is added to `ret`. The service's status
 * becomes err: code and message. */
bool lima_client_call_raw(lima_client *client, const char *path, const void *request, size_t len,
                          lima_deadline deadline, lima_wake *wake, lima_buf *ret, lima_err *err);

/* A unary call with JSON in and out: `method` as "Info". Requests: Configure takes the Instance document;
 * {"password":…}, {"tag":…}; others NULL. Replies: Info and Configure give their document (Configure of
 * 2.0/2.1 servers: NULL in *ret), others {"address":…}, {"scripts":{…}}, {"connection":…},
 * {"snapshots":…}, {"shouldForward":…}; Empty gives {}. UNIMPLEMENTED for a method the service does not
 * have, INVALID_ARGUMENT for a request that does not fit it. */
bool lima_client_call(lima_client *client, const char *method, const lima_json *request,
                      lima_deadline deadline, lima_wake *wake, lima_json **ret, lima_err *err);
/* The unary methods by name, NULL-terminated, in the order of the proto file. */
const char *const *lima_client_methods(void);

/* The Start stream. */
typedef struct lima_start_stream lima_start_stream;
typedef struct lima_start_event {
    bool ended;   /* the stream has ended; `code` and `error` are its status, success is not set */
    bool success; /* a message: success … */
    lima_code code;
    char *error; /* … or this text; owned, never NULL */
} lima_start_event;
bool lima_client_start(lima_client *client, lima_start_stream **ret, lima_err *err);
bool lima_start_stream_next(lima_start_stream *stream, lima_deadline deadline, lima_wake *wake,
                            lima_start_event *ret, lima_err *err);
void lima_start_event_free(lima_start_event *event);
/* Cancels it when it still runs: to the server the client has gone. */
void lima_start_stream_close(lima_start_stream *stream);
