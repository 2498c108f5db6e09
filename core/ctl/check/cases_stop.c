/* Stop and Delete. */
#include <stdlib.h>

#include "ctl/check/cases.h"

enum { START_MS = 120000 };

static bool stop_without_vm(lima_check *check, lima_err *err)
{
    return lima_check_serve_configured(check, err) && lima_check_vm_stop(check, err);
}

static bool stop_blocks(lima_check *check, lima_err *err)
{
    lima_start_stream *stream;
    bool running = true;
    return lima_check_vm_start(check, NULL, &stream, err) && lima_check_vm_stop(check, err)
           && lima_check_status(check, &running, err)
           && lima_check_that(!running, err, "Stop has returned and the status is still Running")
           && (lima_check_vm_stop(check, err) || lima_err_wrap(err, "a second Stop"));
}

static bool start_again(lima_check *check, lima_err *err)
{
    lima_client *client;
    lima_start_stream *stream;
    lima_start_event event = {0};
    bool ok = lima_check_vm_start(check, NULL, &stream, err) && lima_check_vm_stop(check, err)
              && lima_check_client(check, NULL, &client, err)
              && lima_check_start_stream(check, client, &stream, err)
              && lima_start_stream_next(stream, lima_check_in(check, START_MS), NULL, &event, err)
              && lima_check_that(event.success, err, "the second start failed: %s", event.error);
    lima_start_event_free(&event);
    return ok;
}

static bool sigterm_with_open_start(lima_check *check, lima_err *err)
{
    lima_start_stream *stream;
    lima_process_exit exit;
    if (!lima_check_vm_start(check, NULL, &stream, err))
        return false;
    lima_process *server = lima_check_server(check);
    return lima_process_end_id(lima_process_get_id(server), false, err)
           && lima_check_that(
               lima_process_wait(server, lima_check_in(check, LIMA_CHECK_START_MS), NULL, &exit, NULL), err,
               "still runs %d s after it was asked to end, with a Start stream open",
               LIMA_CHECK_START_MS / 1000);
}

static bool delete_without_vm(lima_check *check, lima_err *err)
{
    return lima_check_serve_configured(check, err) && lima_check_call(check, "Create", NULL, NULL, err)
           && lima_check_call(check, "Delete", NULL, NULL, err);
}

static bool delete_never_created(lima_check *check, lima_err *err)
{
    return lima_check_serve_configured(check, err) && lima_check_call(check, "Delete", NULL, NULL, err);
}

static bool ends_after_delete(lima_check *check, lima_err *err)
{
    lima_process_exit exit;
    return lima_check_serve_as(check, LIMA_LAUNCH_INST_DIR, err) && lima_check_configure(check, NULL, err)
           && lima_check_call(check, "Delete", NULL, NULL, err)
           && lima_check_that(lima_process_wait(lima_check_server(check),
                                                lima_check_in(check, LIMA_CHECK_START_MS), NULL, &exit, NULL),
                              err, "still runs %d s after Delete", LIMA_CHECK_START_MS / 1000);
}

const lima_check_case lima_check_stop_cases[] = {
    {"stop/without-vm", "the host agent calls Stop also after the VM has ended by itself", "3.5",
     "succeed when nothing runs", 0, stop_without_vm},
    {"stop/blocks-until-gone",
     "limactl stop reports success when Stop has returned, and may start or delete at once", "3.5",
     "wait for the VM's end, force it in time, and return then", LIMA_CHECK_GUEST, stop_blocks},
    {"stop/start-again", "in 2.2 the same server may serve the next start", "2.4, 3.4",
     "reset what belongs to the ended VM", LIMA_CHECK_GUEST, start_again},
    {"stop/ends-on-sigterm-with-open-start",
     "a graceful stop that waits for the Start stream costs every limactl stop 10 s and a kill", "8.1",
     "on SIGTERM end open streams after a short grace", LIMA_CHECK_INST_DIR | LIMA_CHECK_GUEST,
     sigterm_with_open_start},
    {"stop/delete-without-vm", "limactl delete calls Delete on a fresh server", "3.4",
     "remove what lies outside the instance folder; nothing there is fine", 0, delete_without_vm},
    {"stop/delete-never-created", "an instance whose creation failed half-way is deleted like any other",
     "3.4", "treat everything as possibly absent", 0, delete_never_created},
    {"stop/ends-after-delete",
     "limactl cannot end a driver on Windows and forgets some elsewhere; after Delete there is nothing to "
     "serve",
     "2.6, 8.1", "end by yourself once Delete was answered", LIMA_CHECK_INST_DIR, ends_after_delete},
    {0},
};
