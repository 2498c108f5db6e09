/* What the other modules of posix/ know of a stream. */
#pragma once

#include "os/stream.h"

typedef enum lima_posix_stream_kind {
    /* send and recv with MSG_DONTWAIT: the flags of a socket that a child may share stay as they are */
    LIMA_POSIX_SOCKET,
    LIMA_POSIX_PIPE, /* an end of our own, made non-blocking */
    /* standard input or output: shared with others, so it stays blocking; looked at before each small step */
    LIMA_POSIX_FOREIGN,
} lima_posix_stream_kind;

lima_stream *lima_posix_stream_new(int fd, lima_posix_stream_kind kind);
int lima_posix_stream_fd(const lima_stream *stream);
/* An accepted socket of which the listener keeps a duplicate: closing must end the connection for the peer
 * all the same. */
void lima_posix_stream_set_watched(lima_stream *stream);
/* Address of a socket file; INVALID_ARGUMENT with the limit when the path is too long, or empty. */
struct sockaddr_un;
bool lima_posix_address(const char *path, struct sockaddr_un *ret, lima_err *err);
