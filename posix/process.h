/* What the process modules of posix/ share.
 *
 * A child that has ended stays a zombie until lima_process_free: so its number, and that of its group, cannot
 * pass to others while a handle exists, any number of threads can look at its end (WNOWAIT), and nobody has
 * to take it first. */
#pragma once

#include <sys/types.h>

#include "os/process.h"

struct lima_process {
    pid_t pid;
    int exit_fd; /* readable once it has ended; -1: look from time to time */
    lima_process_id id;
    lima_stream *streams[3];
    bool own_group;
};

/* Whether it has ended, and how. */
bool lima_posix_peek_exit(const lima_process *process, lima_process_exit *ret);
/* Takes over a running child that nobody has a handle for any more: reaps it when it ends, and closes
 * exit_fd. */
void lima_posix_reap_later(pid_t pid, int exit_fd);
