#include "boot.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "instances.h"
#include "os/file.h"

enum {
    START_MS = 10000, /* what limactl grants a driver to listen */
    CALL_MS = 600000, /* one call that may copy a disk */
    LOOK_MS = 250,
    STOP_MS = 190000, /* as limactl waits */
    GIVE_UP_MS = 15000,
};

static bool call(const lima_boot *boot, const char *method, const lima_json *request, uint64_t ms,
                 lima_wake *wake, lima_json **ret, lima_err *err)
{
    lima_json *reply = NULL;
    bool ok = lima_client_call(boot->connection.launched.client, method, request, lima_clock_in(ms), wake,
                               &reply, err);
    if (ok && ret)
        *ret = reply;
    else
        lima_json_free(reply);
    return ok;
}

/* The configuration with the driver's defaults in it replaces ours in lima.yaml, when the driver gives it
 * whole. */
static bool save_filled(const lima_boot *boot, const lima_json *reply, lima_err *err)
{
    if (!lima_json_str(reply, NULL, "config.vmType"))
        return true;
    lima_json *config = lima_json_get_copy(reply, "config");
    char *text = lima_json_print_indented(config), *path = lima_path_join(boot->machine->dir, "lima.yaml");
    bool ok = lima_file_write(path, text, strlen(text), LIMA_FILE_PRIVATE, err);
    free(path);
    free(text);
    lima_json_free(config);
    return ok;
}

/* Drivers of Lima 2.0 and 2.1 fill the configuration as a short-lived tool, newer ones in the reply of
 * Configure. */
static lima_json *fill_as_tool(const lima_boot *boot)
{
    const lima_machine *machine = boot->machine;
    char *path = lima_path_join(machine->dir, "lima.yaml");
    lima_json *filled = NULL;
    if (!boot->connection.announced
        || !lima_launch_configure(machine->program, machine->config, path, lima_clock_in(START_MS), &filled,
                                  NULL))
        filled = lima_json_copy(machine->config);
    free(path);
    return filled;
}

static bool configure(const lima_boot *boot, lima_err *err)
{
    lima_json *doc = NULL, *reply = NULL, *config = fill_as_tool(boot);
    bool ok = lima_instances_describe(boot->machine->dir, config, &doc, err);
    if (ok) {
        lima_json_set_int(doc, boot->machine->port, "sshLocalPort");
        ok = call(boot, "Configure", doc, START_MS, boot->wake, &reply, err)
             && (!reply || save_filled(boot, reply, err));
    }
    lima_json_free(config);
    lima_json_free(doc);
    lima_json_free(reply);
    return ok;
}

static bool make_disk(const lima_boot *boot, lima_err *err)
{
    return call(boot, "Validate", NULL, START_MS, boot->wake, NULL, err)
           && call(boot, "Create", NULL, CALL_MS, boot->wake, NULL, err)
           && call(boot, "CreateDisk", NULL, CALL_MS, boot->wake, NULL, err)
           && lima_machine_grow(boot->machine, err);
}

/* Where SSH is: as configured, unless the driver says that it finds out itself. */
static bool find_address(lima_boot *boot, lima_err *err)
{
    lima_json *info = NULL, *reply = NULL;
    bool ok = call(boot, "AdditionalSetupForSSH", NULL, CALL_MS, boot->wake, NULL, err)
              && call(boot, "Info", NULL, START_MS, boot->wake, &info, err);
    if (ok && lima_json_bool(info, false, "features.dynamicSSHAddress"))
        ok = call(boot, "SSHAddress", NULL, START_MS, boot->wake, &reply, err);
    if (ok)
        boot->address = lima_mem_strdup(lima_json_str(reply, "127.0.0.1", "address"));
    lima_json_free(info);
    lima_json_free(reply);
    return ok;
}

/* True with *ret_any false when nothing came in that time. */
static bool next_event(lima_boot *boot, uint64_t ms, bool *ret_any, lima_err *err)
{
    lima_start_event event = {0};
    lima_err why = {0};
    *ret_any = false;
    if (!lima_start_stream_next(boot->stream, lima_clock_in(ms), boot->wake, &event, &why)) {
        bool waited = why.code == LIMA_CODE_DEADLINE_EXCEEDED;
        return waited || lima_err_set(err, why.code, "%s", why.text);
    }
    *ret_any = true;
    bool ok = !event.ended && event.success;
    if (!ok) {
        boot->ended = true;
        lima_err_set(err, event.ended && event.code ? event.code : LIMA_CODE_ABORTED, "%s",
                     *event.error ? event.error : "the driver ended the stream without a reason");
    }
    lima_start_event_free(&event);
    return ok;
}

static bool start_vm(lima_boot *boot, lima_err *err)
{
    bool any = false, ok = lima_client_start(boot->connection.launched.client, &boot->stream, err);
    lima_deadline deadline = lima_clock_in(CALL_MS);
    boot->started = ok;
    while (ok && !any && lima_clock_now() < deadline) {
        ok = next_event(boot, LOOK_MS, &any, err);
        lima_phase_tick(boot->phase);
    }
    if (ok && !any)
        return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "the VM did not start within %d minutes",
                            CALL_MS / 60000);
    return ok;
}

bool lima_boot_start(lima_boot *boot, lima_err *err)
{
    return lima_connection_start(boot->machine->program, "auto", boot->machine->dir, START_MS,
                                 &boot->connection, err)
           && configure(boot, err) && make_disk(boot, err) && start_vm(boot, err) && find_address(boot, err);
}

bool lima_boot_watch(lima_boot *boot, uint64_t ms, lima_err *err)
{
    bool any = false;
    if (!boot->ended && !next_event(boot, ms, &any, err))
        return false;
    if (boot->ended || any) {
        boot->ended = true; /* a second success means that the VM has ended (facts 3.6) */
        return lima_err_set(err, LIMA_CODE_ABORTED, "the VM has ended");
    }
    return true;
}

/* A throw-away guest that was never reached has nothing to lose, and often cannot shut down: Delete, which
 * comes next, forces it off. */
static bool stop_vm(const lima_boot *boot, lima_err *err)
{
    bool patient = boot->ready || boot->machine->named;
    return call(boot, "Stop", NULL, patient ? STOP_MS : GIVE_UP_MS, NULL, NULL, patient ? err : NULL)
           || !patient;
}

bool lima_boot_end(lima_boot *boot, lima_err *err)
{
    bool ok = true, connected = boot->connection.launched.client;
    if (connected && boot->started)
        ok = stop_vm(boot, err);
    /* The stream stays until Delete has forced the VM off: closed before, it would tell the driver that the
     * client has gone, and a shutdown would begin that Delete has to cut short. */
    if (connected && !boot->machine->named
        && !call(boot, "Delete", NULL, STOP_MS, NULL, NULL, ok ? err : NULL))
        ok = false;
    lima_start_stream_close(boot->stream);
    lima_connection_end(&boot->connection);
    free(boot->address);
    boot->stream = NULL;
    boot->address = NULL;
    return ok;
}
