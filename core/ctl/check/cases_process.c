/* Process and socket: how a server comes up, what it says, and how it goes. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "ctl/check/cases.h"
#include "os/file.h"

enum { PROBES = 50, QUIET_MS = 300, POLL_MS = 5, SETTLE_MS = 10000, FOLDER_GONE_MS = 30000 };

static bool inst_dir_serves(lima_check *check, lima_err *err)
{
    return lima_check_serve_as(check, LIMA_LAUNCH_INST_DIR, err) && lima_check_alive(check, err);
}

static bool announces_socket(lima_check *check, lima_err *err)
{
    return lima_check_serve_as(check, LIMA_LAUNCH_ANNOUNCE, err)
           && lima_check_that(lima_path_is_absolute(lima_check_served_at(check)), err,
                              "socketPath '%s' is not absolute", lima_check_served_at(check))
           && lima_check_alive(check, err);
}

static bool silent_after_announcement(lima_check *check, lima_err *err)
{
    char bytes[64];
    size_t got = 0;
    lima_err end = {0};
    if (!lima_check_serve_as(check, LIMA_LAUNCH_ANNOUNCE, err) || !lima_check_configure(check, NULL, err)
        || !lima_check_call(check, "Info", NULL, NULL, err))
        return false;
    bool read = lima_stream_read(lima_process_stream(lima_check_server(check), 1), bytes, sizeof bytes,
                                 lima_check_in(check, QUIET_MS), NULL, &got, &end);
    return lima_check_that(!read || got == 0, err, "wrote '%.*s' after the socket line", (int)got, bytes);
}

/* Looks for the name as fast as it can; the first sight must be of an accepting socket. */
static bool socket_appears_ready(lima_check *check, lima_err *err)
{
    char *socket = lima_check_socket(check);
    lima_process *server;
    lima_file_info info = {0};
    lima_stream *stream = NULL;
    lima_deadline until = lima_check_in(check, LIMA_CHECK_START_MS);
    bool ok =
        lima_check_start_process(check, "--inst-dir", lima_check_dir(check), LIMA_PROCESS_NULL, &server, err);
    while (ok && info.kind == LIMA_FILE_NONE && lima_clock_now() < until)
        ok = lima_file_stat(socket, true, &info, err);
    ok = ok
         && lima_check_that(info.kind != LIMA_FILE_NONE, err, "no socket file '%s' after %d s", socket,
                            LIMA_CHECK_START_MS / 1000)
         && (lima_stream_connect(socket, lima_check_in(check, 2000), &stream, err)
             || lima_err_wrap(err, "the socket file is there, but"));
    lima_stream_close(stream);
    free(socket);
    return ok;
}

static bool survives_probes(lima_check *check, lima_err *err)
{
    lima_stream *stream;
    bool ok = lima_check_serve(check, err);
    for (int i = 0; ok && i < PROBES; i++) {
        ok = lima_check_stream(check, &stream, err);
        lima_check_drop_streams(check);
    }
    return ok && lima_check_alive(check, err);
}

static bool ended(lima_process *process, lima_deadline deadline, lima_process_exit *ret)
{
    return lima_process_wait(process, deadline, NULL, ret, NULL);
}

static bool second_server_leaves(lima_check *check, lima_err *err)
{
    lima_process *second;
    lima_process_exit exit;
    return lima_check_serve_as(check, LIMA_LAUNCH_INST_DIR, err)
           && lima_check_start_process(check, "--inst-dir", lima_check_dir(check), LIMA_PROCESS_NULL, &second,
                                       err)
           && lima_check_that(ended(second, lima_check_in(check, SETTLE_MS), &exit), err,
                              "two servers run for one instance folder")
           && lima_check_that(!ended(lima_check_server(check), 0, &exit), err,
                              "the second server made the first one end")
           && lima_check_alive(check, err) && lima_check_call(check, "Info", NULL, NULL, err);
}

static bool connectable(const char *socket)
{
    lima_stream *stream;
    if (!lima_stream_connect(socket, lima_clock_in(2000), &stream, NULL))
        return false;
    lima_stream_close(stream);
    return true;
}

/* Waits until one of the two has ended and the socket answers. */
static bool settled(lima_check *check, lima_process *a, lima_process *b, const char *socket)
{
    lima_process_exit exit;
    lima_deadline until = lima_check_in(check, SETTLE_MS);
    while (lima_clock_now() < until) {
        bool one = ended(a, 0, &exit) != ended(b, lima_clock_in(POLL_MS), &exit);
        if (one && connectable(socket))
            return true;
    }
    return false;
}

static bool two_at_once(lima_check *check, lima_err *err)
{
    lima_process *a, *b;
    char *socket = lima_check_socket(check);
    bool ok =
        lima_check_start_process(check, "--inst-dir", lima_check_dir(check), LIMA_PROCESS_NULL, &a, err)
        && lima_check_start_process(check, "--inst-dir", lima_check_dir(check), LIMA_PROCESS_NULL, &b, err)
        && lima_check_that(settled(check, a, b, socket), err,
                           "of two servers started at once not exactly one serves after %d s",
                           SETTLE_MS / 1000);
    free(socket);
    return ok;
}

static bool ends_on_request(lima_check *check, lima_launch_mode mode, lima_err *err)
{
    lima_process_exit exit;
    if (!lima_check_serve_as(check, mode, err) || !lima_check_call(check, "Info", NULL, NULL, err))
        return false;
    lima_process *server = lima_check_server(check);
    return lima_process_end_id(lima_process_get_id(server), false, err)
           && lima_check_that(ended(server, lima_check_in(check, LIMA_CHECK_START_MS), &exit), err,
                              "still runs %d s after it was asked to end", LIMA_CHECK_START_MS / 1000);
}

static bool ends_on_sigterm(lima_check *check, lima_err *err)
{
    return ends_on_request(check, LIMA_LAUNCH_INST_DIR, err);
}

static bool announcing_ends_on_sigterm(lima_check *check, lima_err *err)
{
    return ends_on_request(check, LIMA_LAUNCH_ANNOUNCE, err);
}

static bool removes_socket(lima_check *check, lima_err *err)
{
    lima_file_info info;
    return ends_on_request(check, LIMA_LAUNCH_INST_DIR, err)
           && lima_file_stat(lima_check_served_at(check), false, &info, err)
           && lima_check_that(info.kind == LIMA_FILE_NONE, err, "socket file '%s' is still there",
                              lima_check_served_at(check));
}

static bool replaces_stale_socket(lima_check *check, lima_err *err)
{
    if (!lima_check_serve_as(check, LIMA_LAUNCH_INST_DIR, err))
        return false;
    lima_check_kill(check);
    return (lima_check_serve_as(check, LIMA_LAUNCH_INST_DIR, err)
            || lima_err_wrap(err, "after the first server was killed"))
           && lima_check_alive(check, err);
}

static bool socket_is_private(lima_check *check, lima_err *err)
{
    lima_file_info info;
    return lima_check_serve(check, err) && lima_file_stat(lima_check_served_at(check), true, &info, err)
           && lima_check_that(info.kind == LIMA_FILE_SOCKET, err, "'%s' is no socket",
                              lima_check_served_at(check))
           && lima_check_that(info.mine && !info.others_write, err, "other users may connect to '%s'",
                              lima_check_served_at(check));
}

static bool odd_folder_names(lima_check *check, lima_err *err)
{
    return lima_check_use_folder(check, "\xc3\xa4 b,c%20'd;e", err)
           && lima_check_serve_as(check, LIMA_LAUNCH_INST_DIR, err) && lima_check_alive(check, err);
}

/* A server that cannot come up must say so by ending, at once and not with success. */
static bool gives_up(lima_check *check, const char *dir, const char *what, lima_err *err)
{
    lima_process *server;
    lima_process_exit exit;
    return lima_check_start_process(check, "--inst-dir", dir, LIMA_PROCESS_NULL, &server, err)
           && lima_check_that(ended(server, lima_check_in(check, LIMA_CHECK_START_MS), &exit), err,
                              "keeps running %s", what)
           && lima_check_that(exit.code != 0 && !exit.signaled, err,
                              "ended with %s %s; wanted an exit status other than 0", exit.text, what);
}

static bool missing_folder(lima_check *check, lima_err *err)
{
    char *dir = lima_path_join(lima_check_root(check), "missing");
    bool ok = gives_up(check, dir, "with an instance folder that does not exist", err);
    free(dir);
    return ok;
}

static bool long_socket_path(lima_check *check, lima_err *err)
{
    char name[121];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    return lima_check_use_folder(check, name, err)
           && gives_up(check, lima_check_dir(check), "with a socket path of more than 107 bytes", err);
}

static bool folder_gone(lima_check *check, lima_err *err)
{
    lima_process_exit exit;
    return lima_check_serve_as(check, LIMA_LAUNCH_INST_DIR, err)
           && lima_check_call(check, "Info", NULL, NULL, err) && lima_dir_remove(lima_check_dir(check), err)
           && lima_check_that(ended(lima_check_server(check), lima_check_in(check, FOLDER_GONE_MS), &exit),
                              err, "still runs %d s after its instance folder was removed",
                              FOLDER_GONE_MS / 1000);
}

const lima_check_case lima_check_process_cases[] = {
    {"process/inst-dir-serves",
     "limactl 2.2 runs the driver with --inst-dir and waits 10 s for an accepting socket NAME.drv.sock in "
     "that folder",
     "2.4", "listen on INSTDIR/NAME.drv.sock, NAME being the file name without 'lima-driver-'", 0,
     inst_dir_serves},
    {"process/announces-socket",
     "limactl 2.0 and 2.1 run the driver without arguments and read one line, a JSON object of strings, "
     "without a time limit",
     "2.3", "print {\"socketPath\":\"/absolute/path\"} and a line end once the socket accepts, and flush", 0,
     announces_socket},
    {"process/silent-after-announcement",
     "limactl never reads standard output again: later output fills the pipe or ends the driver", "2.3",
     "send everything but the socket line to standard error", LIMA_CHECK_ANNOUNCE, silent_after_announcement},
    {"process/socket-appears-ready",
     "limactl polls for the file and kills a driver whose socket it cannot use in time", "2.4",
     "bind and listen under another name, then rename", LIMA_CHECK_INST_DIR, socket_appears_ready},
    {"process/survives-silent-probes",
     "every limactl command first connects and closes without a byte to see whether a server is there", "2.4",
     "treat a connection that ends before its first byte as nothing", 0, survives_probes},
    {"process/second-server-leaves",
     "two limactl commands may both find no server and start one; a second that takes the socket strands the "
     "first with its VM",
     "2.7, 8.1", "take a lock on the instance folder before the socket", LIMA_CHECK_INST_DIR,
     second_server_leaves},
    {"process/two-starts-at-once", "the same, at the same instant: exactly one may serve", "2.7, 8.1",
     "let a file lock decide, not the socket file", LIMA_CHECK_INST_DIR, two_at_once},
    {"process/ends-on-sigterm", "limactl 2.2 asks with SIGTERM and kills after 10 s", "2.4",
     "handle SIGTERM; do not wait for idle clients", LIMA_CHECK_INST_DIR, ends_on_sigterm},
    {"process/announcing-ends-on-sigterm", "limactl 2.1.2 and later ask with SIGTERM, then wait 10 s", "2.3",
     "handle SIGTERM; do not wait for idle clients", LIMA_CHECK_ANNOUNCE, announcing_ends_on_sigterm},
    {"process/removes-socket", "a socket file that is left makes the next command wait for a dead server",
     "2.4", "remove the socket file at the end", LIMA_CHECK_INST_DIR, removes_socket},
    {"process/replaces-stale-socket",
     "after a crash the old socket file is still there, and limactl only starts the driver", "2.4, 2.7",
     "remove a socket file that nobody listens on before binding", LIMA_CHECK_INST_DIR,
     replaces_stale_socket},
    {"process/socket-is-private", "whoever can connect controls the VM: there is no authentication", "3.1",
     "create the socket so that only its owner may connect", 0, socket_is_private},
    {"process/odd-folder-names", "LIMA_HOME may hold spaces, commas, percent signs and letters beyond ASCII",
     "2.4", "do not build gRPC target strings from the path without quoting", LIMA_CHECK_INST_DIR,
     odd_folder_names},
    {"process/missing-folder-ends-it",
     "limactl reports an early end at once, but waits 10 s for a driver that goes on without its folder",
     "2.4", "end with a message on standard error and a status other than 0", LIMA_CHECK_INST_DIR,
     missing_folder},
    {"process/long-socket-path-ends-it",
     "a unix socket path holds 107 bytes; a driver that cannot listen must not stay", "2.6",
     "end with a message that tells the limit", LIMA_CHECK_INST_DIR, long_socket_path},
    {"process/ends-when-folder-is-gone",
     "limactl 2.2 forgets servers on many error paths; nothing else ends them when the instance is gone",
     "8.1", "look now and then whether folder and socket are still there", LIMA_CHECK_INST_DIR, folder_gone},
    {0},
};
