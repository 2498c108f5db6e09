/* limadrv status: what is true of an instance.
 *
 * Four witnesses are heard: the driver (--inspect-status), the driver's server (its socket), the pid files,
 * and the host agent's pid file. Nothing is repaired here; each disagreement gets a sentence that says what
 * to do. A server of Lima 2.0 or 2.1 has a socket nobody else knows, so there only its pid file can be looked
 * at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "command.h"
#include "find.h"
#include "instances.h"
#include "os/file.h"
#include "os/host.h"
#include "os/process.h"
#include "out.h"
#include "rpc/launch.h"

struct pid_file {
    char *path;   /* owned */
    uint32_t pid; /* 0: no such file, or no number in it */
    bool exists, alive;
};

struct status {
    char *dir, *name, *type;
    char *program; /* NULL: not found */
    char *socket;
    bool socket_exists, accepting, denied; /* denied: the socket is another user's */
    struct pid_file server, agent, vm_file;
    bool own; /* made by limadrv run, which has no host agent */
    char *vm; /* "Running", "Stopped", …; "" when nobody could tell */
    uint32_t vm_pid;
    lima_json *answer; /* the driver's; NULL: none */
    char *trouble;     /* why there is none */
    lima_strv advice;
};

static void look_at_pid(const char *dir, const char *file, struct pid_file *ret)
{
    lima_buf text = LIMA_BUF(64);
    lima_process_id id = {0};
    ret->path = lima_path_join(dir, file);
    ret->exists = lima_file_read(ret->path, &text, NULL);
    if (ret->exists) {
        char *number = lima_buf_take(&text);
        lima_str_trim(number);
        lima_parse_u32(number, &ret->pid, NULL);
        free(number);
    }
    ret->alive = ret->pid && lima_process_find(ret->pid, &id);
    lima_buf_free(&text);
}

static bool has_file(const char *dir, const char *name)
{
    lima_file_info info = {0};
    char *path = lima_path_join(dir, name);
    bool ok = lima_file_stat(path, true, &info, NULL) && info.kind == LIMA_FILE_REGULAR;
    free(path);
    return ok;
}

static void look_at_server(struct status *status)
{
    enum { CONNECT_MS = 2000 };
    lima_file_info info = {0};
    lima_client *client = NULL;
    lima_err err = {0};
    char *socket = lima_mem_printf("%s.drv.sock", status->type);
    char *pid = lima_mem_printf("%s.drv.pid", status->type);
    char *vm_pid = lima_mem_printf("%s.pid", status->type);
    status->socket = lima_path_join(status->dir, socket);
    status->socket_exists =
        lima_file_stat(status->socket, false, &info, NULL) && info.kind == LIMA_FILE_SOCKET;
    status->accepting = status->socket_exists
                        && lima_client_connect(status->socket, lima_clock_in(CONNECT_MS), &client, &err);
    status->denied = err.code == LIMA_CODE_PERMISSION_DENIED;
    lima_client_close(client);
    look_at_pid(status->dir, pid, &status->server);
    look_at_pid(status->dir, "ha.pid", &status->agent);
    look_at_pid(status->dir, vm_pid, &status->vm_file);
    status->own = has_file(status->dir, "user.pub");
    free(socket);
    free(pid);
    free(vm_pid);
}

/* Drivers call a VM without a host agent Broken, as limactl does. Here the VM alone is asked for: with this
 * process standing in for the agent, the answer is about the VM. An empty answer leaves it to the pid file.
 */
static void stand_in_for_agent(lima_json *doc)
{
    lima_process_id self = {0};
    if (lima_process_find(0, &self))
        lima_json_set_int(doc, self.pid, "hostAgentPID");
}

static void ask_driver(struct status *status, lima_json *doc, const char *driver, uint64_t timeout)
{
    lima_err err = {0};
    stand_in_for_agent(doc);
    bool ok = lima_find_driver(driver ? driver : status->type, &status->program, &err)
              && lima_launch_inspect(status->program, doc, lima_clock_in(timeout), &status->answer, &err);
    if (!ok) {
        status->trouble = lima_mem_strdup(err.text);
        status->vm = lima_mem_strdup("");
        return;
    }
    const char *said = lima_json_str(status->answer, "", "status");
    status->vm = lima_mem_strdup(*said ? said : status->vm_file.alive ? "Running" : "Stopped");
    if (lima_str_eq(status->vm, "Stopped"))
        return; /* whoever has the number that a pid file was left with is a stranger */
    status->vm_pid =
        (uint32_t)lima_json_int(status->answer, status->vm_file.alive ? status->vm_file.pid : 0, "driverPID");
}

static void advise_vm(struct status *status)
{
    lima_strv *advice = &status->advice;
    bool running = lima_str_eq(status->vm, "Running");
    for (size_t i = 0; i < lima_json_count(status->answer, "errors"); i++)
        lima_strv_addf(advice, "The driver reports: %s",
                       lima_json_str(status->answer, "?", "errors[%zu]", i));
    if (running && status->own && !status->accepting)
        lima_strv_addf(advice,
                       "The VM runs, but the limadrv run that started it is gone. 'limadrv run --name %s' "
                       "takes it over or tells why "
                       "not.",
                       status->name);
    else if (running && !status->own && !status->agent.alive)
        lima_strv_addf(advice,
                       "The VM runs without a host agent: no port forwards, no guest agent, and limactl "
                       "calls it Broken. "
                       "'limactl stop -f %s' ends it.",
                       status->name);
    if (!running && status->agent.alive && *status->vm)
        lima_strv_addf(advice,
                       "The host agent (pid %u) runs without a VM. 'limactl stop %s', or 'limactl stop -f "
                       "%s' when that hangs.",
                       status->agent.pid, status->name, status->name);
}

static void advise_server(struct status *status)
{
    lima_strv *advice = &status->advice;
    if (status->denied)
        lima_strv_addf(advice, "%s is another user's: ask as that user, or as root.", status->socket);
    else if (status->socket_exists && !status->accepting)
        lima_strv_addf(advice, "Nobody listens on %s. It is left over; the next start replaces it.",
                       status->socket);
    if (status->server.pid && !status->server.alive)
        lima_strv_addf(advice,
                       "%s names process %u, which is gone. The file is left over; remove it: limactl would "
                       "signal whoever gets "
                       "that number.",
                       status->server.path, status->server.pid);
    if (status->server.alive && !status->accepting)
        lima_strv_addf(advice,
                       "Process %u of %s runs, but no driver answers. If it is lima-driver-%s it hangs: end "
                       "it; if not, remove the "
                       "file.",
                       status->server.pid, status->server.path, status->type);
    if (status->agent.exists && !status->agent.alive)
        lima_strv_addf(advice,
                       "%s names no running process: the host agent crashed. 'limactl stop -f %s' cleans up.",
                       status->agent.path, status->name);
}

static void advise(struct status *status)
{
    if (status->trouble)
        lima_strv_addf(&status->advice, "The driver could not be asked: %s", status->trouble);
    advise_vm(status);
    advise_server(status);
}

static lima_color color_of(const char *vm)
{
    return lima_str_eq(vm, "Running")  ? LIMA_COLOR_GREEN
           : lima_str_eq(vm, "Broken") ? LIMA_COLOR_RED
                                       : LIMA_COLOR_NONE;
}

static void print_pid(const char *title, const struct pid_file *file)
{
    if (file->alive)
        printf("%s process %u\n", title, file->pid);
    else if (file->pid)
        printf("%s process %u is gone\n", title, file->pid);
    else
        printf("%s not running\n", title);
}

static void print_human(const lima_ctl_args *args, const struct status *status)
{
    char *vm =
        lima_out_paint(lima_out_colored(args, 1), color_of(status->vm), *status->vm ? status->vm : "unknown");
    printf("Instance:    %s (%s)\nVM:          %s", status->name, status->dir, vm);
    if (status->vm_pid)
        printf(", process %u", status->vm_pid);
    if (lima_str_eq(status->vm, "Running"))
        printf(", SSH on %s:%lld", lima_json_str(status->answer, "127.0.0.1", "sshAddress"),
               (long long)lima_json_int(status->answer, 0, "sshLocalPort"));
    printf("\nDriver:      %s, %s\n", status->type, status->program ? status->program : "program not found");
    printf("Server:      %s", status->accepting       ? "answers on "
                              : status->socket_exists ? "does not answer on "
                                                      : "not running\n");
    if (status->socket_exists)
        printf("%s%s\n", status->socket, status->server.alive ? "" : " (no process in the pid file)");
    print_pid("Host agent: ", &status->agent);
    for (size_t i = 0; i < status->advice.len; i++)
        printf("%s%s\n", i ? "- " : "\nWhat to do:\n- ", status->advice.items[i]);
    free(vm);
}

static void add_pid(lima_json *doc, const char *key, const struct pid_file *file)
{
    lima_json_set_int(doc, file->pid, "%s.pid", key);
    lima_json_set_bool(doc, file->alive, "%s.alive", key);
}

static void print_json(const struct status *status)
{
    lima_json *doc = lima_json_new_object();
    lima_json_set_str(doc, status->name, "name");
    lima_json_set_str(doc, status->dir, "dir");
    lima_json_set_str(doc, status->type, "vmType");
    lima_json_set_str(doc, status->vm, "vm.status");
    lima_json_set_int(doc, status->vm_pid, "vm.pid");
    lima_json_set_str(doc, lima_json_str(status->answer, "", "sshAddress"), "vm.sshAddress");
    lima_json_set_int(doc, lima_json_int(status->answer, 0, "sshLocalPort"), "vm.sshLocalPort");
    lima_json_set_str(doc, status->program ? status->program : "", "driver.program");
    lima_json_set_str(doc, status->socket, "driver.socket");
    lima_json_set_bool(doc, status->accepting, "driver.accepting");
    add_pid(doc, "driver", &status->server);
    add_pid(doc, "hostAgent", &status->agent);
    lima_json_set_empty_array(doc, "advice");
    for (size_t i = 0; i < status->advice.len; i++)
        lima_json_set_str(doc, status->advice.items[i], "advice[%zu]", i);
    lima_out_json(doc);
    lima_json_free(doc);
}

static void status_free(struct status *status)
{
    char *const strings[] = {status->dir,        status->name,        status->type,    status->program,
                             status->socket,     status->vm,          status->trouble, status->server.path,
                             status->agent.path, status->vm_file.path};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        free(strings[i]);
    lima_json_free(status->answer);
    lima_strv_free(&status->advice);
}

int lima_ctl_status(const lima_ctl_args *args)
{
    lima_err err = {0};
    struct status status = {0};
    lima_json *doc = NULL;
    int code = LIMA_CTL_FAILED;
    if (!lima_instances_find(lima_ctl_operand_at(args, 0), &status.dir, &err)
        || !lima_instances_read(status.dir, &doc, &err)) {
        lima_ctl_fail(args, &err);
        goto done;
    }
    status.name = lima_mem_strdup(lima_json_str(doc, "", "name"));
    status.type = lima_mem_strdup(lima_json_str(doc, "", "vmType"));
    look_at_server(&status);
    ask_driver(&status, doc, lima_ctl_str(args, "driver"), lima_ctl_number(args, "timeout"));
    advise(&status);
    if (lima_ctl_bool(args, "json"))
        print_json(&status);
    else
        print_human(args, &status);
    code = status.advice.len ? LIMA_CTL_FAILED : LIMA_CTL_OK;
done:
    lima_json_free(doc);
    status_free(&status);
    return code;
}
