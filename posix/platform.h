/* What Linux and macOS do differently: implemented by linux/ *.c and macos/ *.c, one of which the build
 * takes. Inside posix/ only. Functions that return int give -1 and errno, as system calls do. Every
 * descriptor made here is closed by exec. */
#pragma once

#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "os/process.h"

/* descriptors.c */
int lima_posix_pipe(int ret_fds[2]);        /* [0] reads, [1] writes */
int lima_posix_socket(int domain);          /* a stream socket that never raises SIGPIPE */
int lima_posix_socket_pair(int ret_fds[2]); /* likewise, AF_UNIX */
int lima_posix_accept(int listening);       /* likewise */
ssize_t lima_posix_send(int socket, const void *bytes, size_t len); /* never blocks: EAGAIN */
ssize_t lima_posix_write(int pipe, const void *bytes, size_t len);  /* write(2) that never raises SIGPIPE */
int lima_posix_peer_uid(int socket, uid_t *ret);                    /* the effective user who connected */
/* [0] becomes readable for good after 8 bytes go into [1]; may be equal. */
int lima_posix_wake_open(int ret_fds[2]);

/* files.c */
int lima_posix_flush(int fd);  /* to the medium, as far as the system can say */
int lima_posix_lock(int fd);   /* exclusive, of the open file, not of the process; EAGAIN: held elsewhere */
int lima_posix_unlock(int fd); /* at once, even if a child just being made still has the descriptor */
int64_t lima_posix_mtime_ms(const struct stat *at); /* the same field under two names */
/* Binds to dir/name. dir_fd is `dir` opened, for systems that can do it whatever the length of `dir`. */
int lima_posix_bind_in(int socket, int dir_fd, const char *dir, const char *name);

/* identity.c */
/* Start time of a process, zombies included. False: no such process. */
bool lima_posix_identify(pid_t pid, lima_process_id *ret, bool *ret_zombie);
/* A descriptor that polls readable once the process has ended; -1 where the kernel has none, or the process
 * has gone. */
int lima_posix_exit_fd(pid_t pid);
int lima_posix_signal_id(lima_process_id id, int number); /* ESRCH: it has gone */

/* spawn.c: the child gets descriptors 0 … keep-1 and no other. Errors are returned, not put into errno. */
int lima_posix_spawn_rest(posix_spawn_file_actions_t *actions, short *flags, int keep);

/* threads.c */
void lima_posix_cond_init(pthread_cond_t *cond);
/* Returns at the deadline. */
void lima_posix_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, lima_deadline deadline);
void lima_posix_thread_name(const char *name); /* of the calling thread */

/* facts.c; owned strings, NULL: cannot be told */
extern const char *const lima_posix_os_name;
uint64_t lima_posix_memory(void);
char *lima_posix_program(void);
char *lima_posix_machine_id(void);
void lima_posix_user(uid_t uid, char **ret_name, char **ret_home); /* from the user data base */
