/* Child processes, and other processes by identity.
 *
 * A child gets exactly what its description lists: argv (no shell), environment, folder, three standard
 * handles. No other handle of this process reaches it. It leads a group of its own that can be ended as a
 * whole, is not attached to this process's terminal, and outlives this process unless ended. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "os/clock.h"
#include "os/stream.h"
#include "os/thread.h"

typedef struct lima_process lima_process;

/* Who a process is: a pid that is used again has another start time. {0} is nobody. */
typedef struct lima_process_id {
    uint32_t pid;
    /* opaque; equal for the same process, across restarts of this program, within one boot of the machine */
    uint64_t start;
} lima_process_id;

typedef enum lima_process_out {
    LIMA_PROCESS_NULL = 0, /* nowhere */
    LIMA_PROCESS_PIPE,     /* lima_process_stream gives the other end */
    LIMA_PROCESS_FILE,     /* appended to the file of the description */
    LIMA_PROCESS_INHERIT,  /* this process's own */
} lima_process_out;

enum { LIMA_PROCESS_INHERIT_MAX = 16 };

typedef struct lima_process_desc {
    const char *const *argv; /* NULL-terminated; argv[0] is a path or is looked up on PATH */
    /* NULL or NULL-terminated "NAME=value" put over this process's environment; "NAME" alone removes */
    const char *const *env_add;
    const char *dir;     /* NULL: this process's */
    lima_process_out in; /* NULL, PIPE or INHERIT */
    lima_process_out out, err;
    const char *out_file, *err_file; /* for LIMA_PROCESS_FILE; created private, appended */
    /* sockets the child gets as handles 3, 4, …: only where the host can (Linux, macOS) */
    lima_stream *const *inherit;
    uint32_t inherit_count;
    /* true: an interactive child (ssh) that stays in this process's group and terminal; then only it can be
     * ended */
    bool same_group;
} lima_process_desc;

typedef struct lima_process_exit {
    bool signaled; /* ended by a signal (Windows: by an exception), or from outside */
    int code;      /* exit code, or signal number (Windows: the exit code in any case) */
    /* "exit status 3", "killed by signal 9", "exception 0xc0000005", "ended from outside": for error texts */
    char text[40];
} lima_process_exit;

/* NOT_FOUND: no such program; PERMISSION_DENIED: not executable. A program that cannot be executed is
 * reported here, not later. Windows: a command file (.bat, .cmd) is FAILED_PRECONDITION, a command line over
 * 32766 characters INVALID_ARGUMENT, sockets to inherit UNIMPLEMENTED. */
bool lima_process_start(const lima_process_desc *desc, lima_process **ret, lima_err *err);
lima_process_id lima_process_get_id(const lima_process *process);
/* The other end of a PIPE: 0 the child's standard input, 1 output, 2 errors. Borrowed; NULL if not asked
 * for. */
lima_stream *lima_process_stream(lima_process *process, unsigned number);
/* Waits for the end. Several threads may wait, and later calls answer again. Deadline 0 just looks, after
 * giving way to what waits for this processor: so a loop of looks does not hold up the child itself.
 * DEADLINE_EXCEEDED, CANCELLED. An ended child keeps its pid (on POSIX as a zombie, which others may take for
 * a live process) until the handle is freed: free it soon. */
bool lima_process_wait(lima_process *process, lima_deadline deadline, lima_wake *wake, lima_process_exit *ret,
                       lima_err *err);
/* Ends the child's whole group: asks it to (SIGTERM) or, with `force`, kills it. Any thread. When the child
 * has ended, what is left of its group still is. Windows knows no such request: there a program that has a
 * role (below) is asked, any other is killed in either case. */
void lima_process_end(lima_process *process, bool force);
/* Forgets the handle; a child that still runs goes on, and no zombie stays. NULL does nothing. */
void lima_process_free(lima_process *process);

/* Runs to the end with a deadline; collects stdout and stderr up to the limits of the buffers (more is read
 * and dropped; either may be NULL). At the deadline or wake the whole group is killed, and the buffers keep
 * what came until then. It ends when the program itself does, even if a process that it started keeps the
 * output open. `input` may be NULL. */
bool lima_process_run(const char *const *argv, const char *input, lima_buf *out, lima_buf *err_out,
                      lima_deadline deadline, lima_wake *wake, lima_process_exit *ret, lima_err *err);
/* The identity behind a pid now (0: this process); false, which is no failure, when no such process, or only
 * a zombie, exists. */
bool lima_process_find(uint32_t pid, lima_process_id *ret);
/* Waits until that process, child or not, has ended; true when it has. Deadline 0 just looks.
 * DEADLINE_EXCEEDED, CANCELLED. */
bool lima_process_wait_id(lima_process_id id, lima_deadline deadline, lima_wake *wake, lima_err *err);
/* Ends exactly that process, never another with its pid: `force` false asks (as above), true kills. Already
 * gone is fine. */
bool lima_process_end_id(lima_process_id id, bool force, lima_err *err);

typedef enum lima_process_role {
    LIMA_PROCESS_TOOL = 0, /* Ctrl-C, a closed terminal and a request to end (SIGTERM) raise the wake */
    /* leaves the terminal (own session) and the folder it was started in, which could otherwise not be
     * unmounted or, on Windows, removed: relative paths are to be made whole before. Ctrl-C and a closed
     * terminal do nothing; only a request to end raises the wake. Where files in use cannot be removed
     * (Windows) it also lets go of a file behind its standard errors, which limactl removes while the server
     * may still be there: the log (base/log.h) goes on into that file, opened for each line, and ends when it
     * has gone; other output there is lost. */
    LIMA_PROCESS_SERVER,
} lima_process_role;

/* Says what this process is. Call once, first thing in main, before any thread exists; `stop` must live as
 * long as the process. Afterwards a peer that has gone, or a file over the size limit, is an error code and
 * never a signal. */
bool lima_process_set_role(lima_process_role role, lima_wake *stop, lima_err *err);
