/* Opening a listening socket, who may connect to it, and who still is connected, apart from accepting. */
#pragma once

#include <winsock2.h>

#include "base/err.h"
#include "os/file.h"

/* A socket that listens at `path` as os/listener.h promises; *ret_file tells its file apart.
 * INVALID_SOCKET: *err is set. */
SOCKET lima_win_listen_at(const char *path, lima_file_info *ret_file, lima_err *err);

/* Whether the peer is known to be another user. Where Windows does not tell, the folder's and the file's DACL
 * have decided already. */
bool lima_win_is_stranger(SOCKET connection);

/* Which connections have not ended, whoever owns their sockets now. Thread-safe. */
typedef struct lima_win_peers lima_win_peers;
bool lima_win_peers_new(lima_win_peers **ret, lima_err *err);
/* From now on, until the peer has closed or the socket is closed here. False: no room, or it has ended
 * already. */
bool lima_win_peers_add(lima_win_peers *peers, SOCKET connection);
unsigned lima_win_peers_count(lima_win_peers *peers);
void lima_win_peers_free(lima_win_peers *peers); /* NULL does nothing; the sockets stay as they are */
