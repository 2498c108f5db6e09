/* How other gRPC services (health, reflection) are added to the server beside Driver: as tables of methods
 * that answer at once.
 *
 * A method is given one request message and adds one reply message. It runs on a thread of the server that
 * serves other clients as well, so it must not block, and several threads may be in it at the same time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

typedef enum lima_service_shape {
    LIMA_SERVICE_UNARY = 0, /* one request, one reply, end */
    LIMA_SERVICE_BIDI,      /* a reply for each request, until the client ends its side */
    LIMA_SERVICE_HELD, /* one request, one reply; then the call stays open until client or server leaves (health's Watch) */
} lima_service_shape;

typedef struct lima_service_method {
    const char *path; /* "/grpc.health.v1.Health/Check" */
    lima_service_shape shape;
    /* Wire bytes in, wire bytes added to `reply` (its limit is LIMA_MESSAGE_MAX). False: the call ends with
     * err's code and text. */
    bool (*answer)(const void *request, size_t len, lima_buf *reply, lima_err *err);
} lima_service_method;

/* `methods` ends with an entry whose path is NULL. Static data. */
typedef struct lima_service {
    const char *name; /* "grpc.health.v1.Health" */
    const lima_service_method *methods;
} lima_service;
