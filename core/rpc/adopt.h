/* Connected streams handed to gRPC: the one place that knows how. Sockets are made, accepted and checked by
 * core/os; gRPC only speaks HTTP/2 on them. And what server and client need once per process. */
#pragma once

#include <grpc/grpc.h>

#include "base/err.h"
#include "os/stream.h"

/* gRPC's library for this process: counted, thread-safe. The first begin sends its log lines to ours. */
void lima_grpc_begin(void);
void lima_grpc_end(void);

/* A channel over a connected stream, which it owns from then on. Never NULL. */
grpc_channel *lima_adopt_channel(lima_stream *stream, const grpc_channel_args *args);
/* The server serves that connection from now on; the stream is consumed. After shutdown has begun it is
 * closed. */
void lima_adopt_connection(grpc_server *server, lima_stream *stream);
