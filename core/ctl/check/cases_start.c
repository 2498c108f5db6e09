/* The Start stream: its opening message, its last message, and what happens beside it. All need a VM. */
#include <stdlib.h>

#include "base/path.h"
#include "ctl/check/cases.h"
#include "os/file.h"

enum { START_MS = 120000, QUIET_MS = 500, FAIL_MS = 10000, TOLD_MS = 30000 };

#define NEWEST "grpc-go/1.82.0"
#define OF_2_0_2 "grpc-go/1.77.0"

static bool opening_message(lima_check *check, lima_err *err)
{
    lima_start_stream *stream;
    return lima_check_vm_start(check, NEWEST, &stream, err);
}

/* An old client is told nothing until the VM ends: any success means "ended" to it. */
static bool silent_for_old_clients(lima_check *check, lima_err *err)
{
    lima_client *client;
    lima_start_stream *stream;
    lima_start_event event = {0};
    lima_check_be_old(check);
    if (!lima_check_vm_prepare(check, err) || !lima_check_client(check, OF_2_0_2, &client, err)
        || !lima_check_start_stream(check, client, &stream, err) || !lima_check_vm_running(check, err))
        return false;
    bool told = lima_start_stream_next(stream, lima_check_in(check, QUIET_MS), NULL, &event, NULL);
    bool ok =
        lima_check_that(!told, err, "a client of Lima 2.0.2 was sent %s%s",
                        event.success ? "success" : "an end or error: ", event.error ? event.error : "");
    lima_start_event_free(&event);
    return ok;
}

static bool status_running(lima_check *check, lima_err *err)
{
    lima_start_stream *stream;
    return lima_check_vm_start(check, NEWEST, &stream, err) && lima_check_vm_running(check, err);
}

static bool calls_meanwhile(lima_check *check, lima_err *err)
{
    lima_client *client;
    lima_start_stream *stream;
    lima_start_event event = {0};
    bool ok = lima_check_vm_prepare(check, err) && lima_check_client(check, NEWEST, &client, err)
              && lima_check_start_stream(check, client, &stream, err)
              && lima_check_call(check, "Info", NULL, NULL, err)
              && lima_check_call(check, "ForwardGuestAgent", NULL, NULL, err)
              && lima_start_stream_next(stream, lima_check_in(check, START_MS), NULL, &event, err)
              && lima_check_that(event.success, err, "Start failed: %s", event.error)
              && lima_check_call(check, "Info", NULL, NULL, err);
    lima_start_event_free(&event);
    return ok;
}

/* At once, or, from drivers that say success as soon as the VM's process exists, a little later. */
static bool fails_with_text(lima_check *check, lima_start_stream *stream, const char *what, lima_err *err)
{
    lima_start_event event = {0};
    bool ok = lima_start_stream_next(stream, lima_check_in(check, START_MS), NULL, &event, err);
    if (ok && event.success) {
        lima_start_event_free(&event);
        ok =
            lima_check_that(lima_start_stream_next(stream, lima_check_in(check, FAIL_MS), NULL, &event, NULL),
                            err, "%s succeeded", what);
    }
    ok = ok
         && lima_check_that(!event.success && (!event.ended || event.code != LIMA_CODE_OK), err,
                            "%s succeeded", what)
         && lima_check_that(event.error[0], err, "%s failed without a text", what);
    lima_start_event_free(&event);
    return ok;
}

static bool second_start_refused(lima_check *check, lima_err *err)
{
    lima_client *client;
    lima_start_stream *first, *second;
    bool running = false;
    return lima_check_vm_start(check, NEWEST, &first, err) && lima_check_vm_running(check, err)
           && lima_check_client(check, NEWEST, &client, err)
           && lima_check_start_stream(check, client, &second, err)
           && fails_with_text(check, second, "a second Start on a running VM", err)
           && lima_check_status(check, &running, err)
           && lima_check_that(running, err, "the second Start ended the VM");
}

/* The next thing on the stream must be a message; a bare end leaves the host agent running without a VM. */
static bool end_is_told(lima_check *check, lima_start_stream *stream, lima_err *err)
{
    lima_start_event event = {0};
    bool ok =
        (lima_start_stream_next(stream, lima_check_in(check, TOLD_MS), NULL, &event, err)
         || lima_err_wrap(err, "the VM is gone, and the Start stream"))
        && lima_check_that(!event.ended, err, "the Start stream ended without a message: %s", event.error)
        && lima_check_that(event.success || event.error[0], err,
                           "the message about the end is a failure without a text");
    lima_start_event_free(&event);
    return ok;
}

static bool stop_is_told(lima_check *check, lima_err *err)
{
    lima_start_stream *stream;
    return lima_check_vm_start(check, NEWEST, &stream, err) && lima_check_vm_stop(check, err)
           && end_is_told(check, stream, err);
}

static bool death_is_told(lima_check *check, lima_err *err)
{
    lima_start_stream *stream;
    lima_process_id vm;
    if (!lima_check_vm_start(check, NEWEST, &stream, err) || !lima_check_vm_running(check, err))
        return false;
    if (!lima_check_vm_process(check, &vm))
        return lima_check_skip(check, "the driver names no process of its VM");
    return lima_process_end_id(vm, true, err) && end_is_told(check, stream, err);
}

static bool cancelled_stream(lima_check *check, lima_err *err)
{
    lima_start_stream *stream;
    bool running = true;
    if (!lima_check_vm_start(check, NEWEST, &stream, err))
        return false;
    lima_check_drop_start(check, stream);
    return lima_check_alive(check, err) && lima_check_vm_stop(check, err)
           && lima_check_status(check, &running, err)
           && lima_check_that(!running, err,
                              "the VM still runs after its client has gone and Stop was called");
}

static bool configure_meanwhile(lima_check *check, lima_err *err)
{
    lima_start_stream *stream;
    bool running = false;
    if (!lima_check_vm_start(check, NEWEST, &stream, err))
        return false;
    lima_json_remove(lima_check_instance(check), "sshLocalPort");
    lima_json_set_str(lima_check_instance(check), "Running", "status");
    return lima_check_vm_running(check, err) && lima_check_configure(check, NULL, err)
           && lima_check_status(check, &running, err)
           && lima_check_that(running, err, "Configure of a running VM ended it");
}

/* The driver is killed, the VM may live on or not: a new driver must tell, and be able to end it. */
static bool new_driver_takes_over(lima_check *check, lima_err *err)
{
    lima_start_stream *stream;
    lima_process_id vm;
    bool running = false, known;
    if (!lima_check_vm_start(check, NEWEST, &stream, err) || !lima_check_vm_running(check, err))
        return false;
    known = lima_check_vm_process(check, &vm);
    lima_check_drop_start(check, stream);
    lima_check_kill(check);
    return lima_check_serve_configured(check, err) && lima_check_vm_stop(check, err)
           && lima_check_status(check, &running, err)
           && lima_check_that(!running, err, "a new driver's Stop did not end the VM of a killed one")
           && lima_check_that(!known || !lima_process_find(vm.pid, &vm), err,
                              "the VM's process %u lives on, unknown to the driver", (unsigned)vm.pid);
}

static bool start_on_folder(lima_check *check, lima_err *err)
{
    lima_client *client;
    lima_start_stream *stream;
    bool running = true;
    bool ok = lima_check_client(check, NEWEST, &client, err)
              && lima_check_start_stream(check, client, &stream, err)
              && fails_with_text(check, stream, "Start with a folder where the disk should be", err);
    lima_check_end_host_agent(check);
    return ok && lima_check_status(check, &running, err)
           && lima_check_that(!running, err, "Start failed, and the status is Running");
}

static bool failure_is_told(lima_check *check, lima_err *err)
{
    lima_file_info info;
    char *disk = lima_path_join(lima_check_dir(check), "disk");
    bool ok = lima_check_vm_prepare(check, err) && lima_file_stat(disk, true, &info, err);
    if (ok && info.kind != LIMA_FILE_REGULAR)
        lima_check_skip(check, "the driver keeps no file 'disk' that could be unusable");
    else
        ok = ok && lima_file_remove(disk, err) && lima_dir_make(disk, LIMA_FILE_PRIVATE, err)
             && start_on_folder(check, err);
    free(disk);
    return ok;
}

const lima_check_case lima_check_start_cases[] = {
    {"start/opening-message",
     "since 2.0.3 the host agent waits without limit for the first message; success means the VM runs", "3.6",
     "send success=true as soon as the VM runs", LIMA_CHECK_GUEST, opening_message},
    {"start/silent-for-2.0.2", "to Lima 2.0.0 to 2.0.2 any success means that the VM has ended", "3.6",
     "look at the user agent: grpc-go 1.76 and 1.77 get no opening message",
     LIMA_CHECK_ANNOUNCE | LIMA_CHECK_GUEST, silent_for_old_clients},
    {"start/status-is-running", "limactl shell, stop and snapshot ask --inspect-status what is running",
     "2.2", "derive the status from the VM, or keep a pid file", LIMA_CHECK_GUEST, status_running},
    {"start/calls-meanwhile", "Start stays open for the life of the VM while other calls arrive", "3.5",
     "do not hold a lock during Start that Info needs", LIMA_CHECK_GUEST, calls_meanwhile},
    {"start/second-start-is-refused", "two VMs on one disk destroy it", "3.5",
     "look for a running VM before starting one", LIMA_CHECK_GUEST, second_start_refused},
    {"start/stop-is-told",
     "a stream that ends without a message is only logged: the host agent goes on without a VM", "3.6, 8.1",
     "send a last message when the VM has ended, then end the stream", LIMA_CHECK_GUEST, stop_is_told},
    {"start/death-is-told", "a VM that crashes must end the host agent too", "3.6",
     "watch the VM's process for as long as the stream is open", LIMA_CHECK_GUEST, death_is_told},
    {"start/cancelled-stream",
     "a host agent that crashes takes its stream with it; the next command still needs the server", "3.6",
     "treat cancellation as the end of that call, nothing more", LIMA_CHECK_GUEST, cancelled_stream},
    {"start/configure-meanwhile",
     "limactl snapshot and restart configure the running driver, without the ssh port", "3.5, 8.1",
     "keep what the running VM uses apart from what was configured last", LIMA_CHECK_GUEST,
     configure_meanwhile},
    {"start/new-driver-takes-over", "drivers are killed; the VM must neither be lost nor be started twice",
     "8.1", "find the running VM by its pid or socket at start", LIMA_CHECK_GUEST, new_driver_takes_over},
    {"start/failure-is-told", "limactl can only show what the first message or the status says", "3.6",
     "send success=false with the reason", LIMA_CHECK_GUEST, failure_is_told},
    {0},
};
