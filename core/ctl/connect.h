/* A driver's server for one command: a running one, or one of our own that ends with the command. */
#pragma once

#include "data/json.h"
#include "rpc/launch.h"

typedef struct lima_connection {
    lima_launched launched; /* `client` is the way to the driver */
    char *scratch;          /* owned; the server's folder when it was made for it, else NULL */
    bool announced;         /* started as Lima 2.0 and 2.1 do */
} lima_connection;

/* Starts `program` in `dir` (NULL: a folder of its own). `mode` "auto" tries Lima 2.2's way, then 2.0's; or
 * "inst-dir", "announce", "stdio". */
bool lima_connection_start(const char *program, const char *mode, const char *dir, uint64_t timeout_ms,
                           lima_connection *ret, lima_err *err);
/* To the driver that serves an instance (name or folder) or a socket. */
bool lima_connection_attach(const char *instance_or_socket, uint64_t timeout_ms, lima_connection *ret,
                            lima_err *err);
void lima_connection_end(lima_connection *connection);
