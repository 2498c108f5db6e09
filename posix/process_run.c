/* A child run to its end, its output collected: one loop over its three pipes and its end.
 *
 * It has ended when the child itself has: a grandchild that keeps a pipe open does not hold us up, what is in
 * the pipes by then is still read. */
#include "process.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "platform.h"
#include "stream.h"
#include "wait.h"

enum {
    CHUNK = 64 * 1024,
    CHUNKS_MAX =
        16, /* in one go: 1 MiB, which no pipe exceeds, and an endless talker does not outlast the deadline */
    KILLED_WAIT_MS = 5000, /* for the kernel to clear away what was killed */
};

typedef struct pump {
    lima_process *process;
    const char *input;
    size_t input_left;
    lima_buf *into[3]; /* 1 and 2 */
} pump;

static int pipe_fd(const pump *run, unsigned number)
{
    return run->process->streams[number] ? lima_posix_stream_fd(run->process->streams[number]) : -1;
}

static void end_pipe(pump *run, unsigned number)
{
    lima_stream_close(run->process->streams[number]);
    run->process->streams[number] = NULL;
}

static void read_some(pump *run, unsigned number)
{
    char chunk[CHUNK];

    for (int i = 0; i < CHUNKS_MAX && pipe_fd(run, number) >= 0; i++) {
        ssize_t n = read(pipe_fd(run, number), chunk, sizeof chunk);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0)
            end_pipe(run, number);
        else
            lima_buf_add_some(run->into[number], chunk, (size_t)n);
    }
}

static void write_some(pump *run)
{
    if (pipe_fd(run, 0) < 0)
        return;
    ssize_t n = run->input_left ? lima_posix_write(pipe_fd(run, 0), run->input, run->input_left) : 0;
    if (n > 0) {
        run->input += n;
        run->input_left -= (size_t)n;
    }
    if (run->input_left == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        end_pipe(run, 0);
}

static bool wait_some(const pump *run, lima_deadline deadline, lima_wake *wake, lima_err *err)
{
    struct pollfd fds[5] = {
        [1] = {.fd = pipe_fd(run, 0), .events = POLLOUT},
        [2] = {.fd = pipe_fd(run, 1), .events = POLLIN},
        [3] = {.fd = pipe_fd(run, 2), .events = POLLIN},
        [4] = {.fd = run->process->exit_fd, .events = POLLIN},
    };
    lima_deadline look = run->process->exit_fd < 0 ? lima_clock_in(LIMA_POSIX_PAUSE_MAX) : deadline;
    lima_err failed;

    if (lima_posix_poll(fds, 5, look < deadline ? look : deadline, wake, &failed)
        || (failed.code == LIMA_CODE_DEADLINE_EXCEEDED && lima_clock_now() < deadline))
        return true;
    return lima_err_set(err, failed.code, "%s", failed.text);
}

/* The look at its end comes before the reading: what it wrote before is in the pipes then. */
static bool pump_all(pump *run, lima_deadline deadline, lima_wake *wake, lima_process_exit *ret,
                     lima_err *err)
{
    lima_process_exit end;

    for (;;) {
        bool ended = lima_posix_peek_exit(run->process, &end);
        write_some(run);
        read_some(run, 1);
        read_some(run, 2);
        if (ended) {
            *ret = end;
            return true;
        }
        if (!wait_some(run, deadline, wake, err))
            return false;
    }
}

bool lima_process_run(const char *const *argv, const char *input, lima_buf *out, lima_buf *err_out,
                      lima_deadline deadline, lima_wake *wake, lima_process_exit *ret, lima_err *err)
{
    lima_process_desc desc = {
        .argv = argv,
        .in = input ? LIMA_PROCESS_PIPE : LIMA_PROCESS_NULL,
        .out = out ? LIMA_PROCESS_PIPE : LIMA_PROCESS_NULL,
        .err = err_out ? LIMA_PROCESS_PIPE : LIMA_PROCESS_NULL,
    };
    pump run = {.input = input, .input_left = input ? strlen(input) : 0, .into = {[1] = out, [2] = err_out}};
    lima_process_exit end;

    if (!lima_process_start(&desc, &run.process, err))
        return false;
    bool ok = pump_all(&run, deadline, wake, ret, err) || lima_err_wrap(err, "run '%s'", argv[0]);
    if (!ok) {
        lima_process_end(run.process, true);
        lima_process_wait(run.process, lima_clock_in(KILLED_WAIT_MS), NULL, &end, NULL);
    }
    lima_process_free(run.process);
    return ok;
}
