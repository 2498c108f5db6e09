/* gRPC's fd functions: no port, no resolver and no socket code of gRPC is used, so that who may connect, and
 * how many, is decided in core/os alone. A server's connection does not time out by itself when the peer
 * stops after a part of its preface; the keepalive ping of the server's settings ends it (rpc/server.h). */
#include "rpc/adopt.h"

#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <grpc/support/log.h>

#include "base/log.h"

static void forward_log(gpr_log_func_args *args)
{
    lima_log_level level = args->severity == GPR_LOG_SEVERITY_ERROR ? LIMA_LOG_WARN : LIMA_LOG_DEBUG;
    lima_log(level, "grpc: %s", args->message);
}

void lima_grpc_begin(void)
{
    gpr_set_log_function(forward_log);
    grpc_init();
}

void lima_grpc_end(void)
{
    grpc_shutdown();
}

grpc_channel *lima_adopt_channel(lima_stream *stream, const grpc_channel_args *args)
{
    grpc_channel_credentials *insecure = grpc_insecure_credentials_create();
    grpc_channel *channel =
        grpc_channel_create_from_fd("localhost", (int)lima_stream_release(stream), insecure, args);
    grpc_channel_credentials_release(insecure);
    return channel;
}

void lima_adopt_connection(grpc_server *server, lima_stream *stream)
{
    grpc_server_credentials *insecure = grpc_insecure_server_credentials_create();
    grpc_server_add_channel_from_fd(server, (int)lima_stream_release(stream), insecure);
    grpc_server_credentials_release(insecure);
}
