/* Cases with a VM: limactl's part of the work before Start. The guest folder's files are copied, since a
 * driver may move, convert or write what stands in the instance folder. A folder without a disk or kernel
 * is fine for drivers that need none.
 *
 * The guest need not finish booting: the cases are about the driver. Only stopping is up to the guest's
 * reaction. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "ctl/check/fixture_state.h"
#include "image/iso.h"
#include "os/file.h"
#include "os/host.h"

enum {
    COPY_BYTES = 1024 * 1024,
    PREPARE_MS = 120000,
    START_MS = 120000,
    PID_FILE_MAX = 32,
    RUNNING_MS = 20000,
    POLL_MS = 100,
    STOP_MS = 190000 /* limactl's patience with a host agent that stops: 3 min 10 s */
};

static const char cmdline[] = "root=/dev/vda rw console=ttyS0 quiet mitigations=off random.trust_cpu=on";

static bool copy_bytes(lima_file *from, lima_file *to, lima_err *err)
{
    char *bytes = lima_mem_zalloc(1, COPY_BYTES);
    uint64_t at = 0;
    size_t got = 0;
    bool ok = true;
    do {
        ok = lima_file_read_at(from, at, bytes, COPY_BYTES, &got, err)
             && (got == 0 || lima_file_write_at(to, at, bytes, got, err));
        at += got;
    } while (ok && got > 0);
    free(bytes);
    return ok;
}

/* A file that the guest folder does not have is left out: *ret_there. */
static bool copy_file(lima_check *check, const char *name, const char *as, bool *ret_there, lima_err *err)
{
    char *from_path = lima_path_join(check->config->guest, name);
    char *to_path = lima_path_join(check->dir, as);
    lima_file *from = NULL, *to = NULL;
    lima_file_info info;
    bool ok = lima_file_stat(from_path, true, &info, err);
    bool there = ok && info.kind == LIMA_FILE_REGULAR;
    if (there)
        ok = lima_file_open(from_path, LIMA_FILE_READ, &from, err)
             && lima_file_open(to_path, LIMA_FILE_CREATE, &to, err) && copy_bytes(from, to, err);
    lima_file_close(from);
    lima_file_close(to);
    free(from_path);
    free(to_path);
    if (ok)
        *ret_there = there;
    return ok;
}

/* For drivers without cidata.iso (Features.noCloudInit), as files with Lima's boot script. */
static bool write_cidata_folder(lima_check *check, const lima_iso_file *files, size_t count, lima_err *err)
{
    char *folder = lima_path_join(check->dir, "cidata");
    bool ok = lima_dir_make(folder, LIMA_FILE_PRIVATE, err);
    for (size_t i = 0; i < count && ok; i++) {
        char *path = lima_path_join(folder, files[i].name);
        ok = lima_file_write(path, files[i].bytes, files[i].len, LIMA_FILE_SHARED, err);
        free(path);
    }
    free(folder);
    return ok;
}

/* What limactl lays ready beside the image; drivers take it without asking. */
static bool write_cidata(lima_check *check, lima_err *err)
{
    static const char meta[] = "instance-id: iid-1\nlocal-hostname: lima-check\n", user[] = "#cloud-config\n",
                      boot[] = "#!/bin/sh\nexit 0\n";
    const lima_iso_file files[] = {{"meta-data", meta, sizeof meta - 1},
                                   {"user-data", user, sizeof user - 1},
                                   {"boot.sh", boot, sizeof boot - 1}};
    char *path = lima_path_join(check->dir, "cidata.iso");
    bool ok = lima_iso_write(path, "cidata", files, 2, err) && write_cidata_folder(check, files, 3, err);
    free(path);
    return ok;
}

static bool add_kernel(lima_check *check, lima_err *err)
{
    bool kernel = false, initrd = false;
    char *path = lima_path_join(check->dir, "kernel.cmdline");
    bool ok = copy_file(check, "vmlinuz", "kernel", &kernel, err);
    if (ok && kernel) {
        ok = copy_file(check, "initrd", "initrd", &initrd, err)
             && lima_file_write(path, cmdline, sizeof cmdline - 1, LIMA_FILE_SHARED, err);
        lima_json_set_str(check->instance, "kernel", "config.images[0].kernel.location");
        lima_json_set_str(check->instance, cmdline, "config.images[0].kernel.cmdline");
    }
    if (ok && initrd)
        lima_json_set_str(check->instance, "initrd", "config.images[0].initrd.location");
    free(path);
    return ok;
}

bool lima_check_vm_prepare(lima_check *check, lima_err *err)
{
    uint16_t port = 0;
    bool disk = false;
    bool ok = lima_host_free_port(&port, err) && copy_file(check, "disk.qcow2", "image", &disk, err)
              && add_kernel(check, err) && write_cidata(check, err);
    if (!ok)
        return lima_err_wrap(err, "guest '%s'", check->config->guest);
    lima_json_set_int(check->instance, port, "sshLocalPort");
    check->disk = true;
    return lima_check_serve_configured(check, err)
           && lima_check_call_within(check, "Validate", NULL, PREPARE_MS, NULL, err)
           && lima_check_call_within(check, "Create", NULL, PREPARE_MS, NULL, err)
           && lima_check_call_within(check, "CreateDisk", NULL, PREPARE_MS, NULL, err);
}

bool lima_check_vm_start(lima_check *check, const char *user_agent, lima_start_stream **ret, lima_err *err)
{
    lima_client *client;
    lima_start_stream *stream = NULL;
    lima_start_event event = {0};
    bool ok =
        lima_check_vm_prepare(check, err) && lima_check_client(check, user_agent, &client, err)
        && lima_check_start_stream(check, client, &stream, err)
        && lima_start_stream_next(stream, lima_check_in(check, START_MS), check->config->wake, &event, err)
        && lima_check_that(event.success, err, "Start failed: %s", event.error);
    lima_start_event_free(&event);
    if (ok)
        *ret = stream;
    return ok;
}

bool lima_check_vm_stop(lima_check *check, lima_err *err)
{
    if (!lima_check_call_within(check, "Stop", NULL, STOP_MS, NULL, err))
        return false;
    lima_check_end_host_agent(check);
    return true;
}

/* ---- the host agent: a driver running without one, or the other way round, is Broken in limactl's eyes
 * ---- */

void lima_check_begin_host_agent(lima_check *check)
{
    lima_process_id self = {0};
    lima_process_find(0, &self);
    char *path = lima_path_join(check->dir, "ha.pid");
    char *text = lima_mem_printf("%u\n", (unsigned)self.pid);
    lima_file_write(path, text, strlen(text), LIMA_FILE_SHARED, NULL);
    lima_json_set_int(check->instance, self.pid, "hostAgentPID");
    free(text);
    free(path);
}

void lima_check_end_host_agent(lima_check *check)
{
    char *path = lima_path_join(check->dir, "ha.pid");
    lima_file_remove(path, NULL);
    lima_json_remove(check->instance, "hostAgentPID");
    free(path);
}

/* ---- the status, as limactl sees it ---- */

/* limactl's rule for an empty status, as far as it is the driver's: the process in INSTDIR/<vmType>.pid. */
static bool pid_file_alive(lima_check *check)
{
    char *path = lima_mem_printf("%s/%s.pid", check->dir, lima_json_str(check->instance, "", "vmType"));
    lima_buf text = LIMA_BUF(PID_FILE_MAX);
    lima_process_id id;
    uint32_t pid = 0;
    bool alive = false;
    if (lima_file_read(path, &text, NULL)) {
        char *word = lima_buf_take(&text);
        lima_str_trim(word);
        alive = lima_parse_u32(word, &pid, NULL) && pid != 0 && lima_process_find(pid, &id);
        free(word);
    }
    if (alive)
        check->vm_pid = pid;
    lima_buf_free(&text);
    free(path);
    return alive;
}

bool lima_check_status(lima_check *check, bool *ret_running, lima_err *err)
{
    lima_json *answer = NULL;
    if (!lima_launch_inspect(check->config->driver, check->instance, lima_check_in(check, LIMA_CHECK_CALL_MS),
                             &answer, err))
        return false;
    const char *status = lima_json_str(answer, "", "status");
    int64_t pid = lima_json_int(answer, 0, "driverPID");
    bool running = lima_str_eq(status, "Running"), ok = true;
    check->vm_pid = pid > 0 ? (uint32_t)pid : 0;
    if (*status == '\0')
        running = pid_file_alive(check);
    else
        ok = running
             || lima_check_that(lima_str_eq(status, "Stopped") || lima_str_eq(status, "Uninitialized"), err,
                                "status is '%s'", status);
    if (ok)
        *ret_running = running;
    lima_json_free(answer);
    return ok;
}

bool lima_check_vm_running(lima_check *check, lima_err *err)
{
    bool running = false;
    lima_deadline until = lima_check_in(check, RUNNING_MS);
    while (!running && lima_clock_now() < until) {
        if (!lima_check_status(check, &running, err))
            return false;
        if (!running && lima_wake_wait(check->config->wake, lima_clock_in(POLL_MS)))
            return lima_err_set(err, LIMA_CODE_CANCELLED, "cancelled");
    }
    return lima_check_that(running, err,
                           "neither --inspect-status nor a pid file says Running %d s after Start",
                           RUNNING_MS / 1000);
}

bool lima_check_vm_process(const lima_check *check, lima_process_id *ret)
{
    return check->vm_pid != 0 && lima_process_find(check->vm_pid, ret);
}
