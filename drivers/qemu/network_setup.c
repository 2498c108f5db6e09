/* How it works: a thread with its own copy of what it needs, so that it does not care for what becomes of the
 * call that started it; its result goes into the state block, its end is asked for by a wake. */
#include "qemu/network_setup.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "os/clock.h"
#include "os/file.h"
#include "qemu/usernet.h"

typedef struct setup {
    qemu_state *state;
    lima_instance *inst;
    char *endpoint, *mac, *network;
    lima_wake *end;
} setup;

static void job_free(setup *job)
{
    lima_instance_free(job->inst);
    free(job->endpoint);
    free(job->mac);
    free(job->network);
    free(job);
}

static char *find_gateway(const setup *job)
{
    lima_buf yaml = LIMA_BUF(1024 * 1024);
    char *home = lima_path_dir(job->inst->dir);
    char *path = lima_path_join(home, "_config/networks.yaml");

    lima_file_read(path, &yaml, NULL);
    char *gateway = lima_qemu_usernet_gateway(lima_buf_str(&yaml), yaml.len, job->network);
    free(path);
    free(home);
    lima_buf_free(&yaml);
    return gateway;
}

static bool set_up(const setup *job, lima_err *err)
{
    const lima_instance *inst = job->inst;
    uint64_t limit = lima_qemu_limit_ms("LIMA_USERNET_RESOLVE_IP_ADDRESS_TIMEOUT", 60000, QEMU_LEASE_MS);
    char *ip = NULL;
    bool ok =
        lima_qemu_usernet_await_lease(job->endpoint, job->mac, lima_clock_in(limit), job->end, &ip, err)
        && lima_qemu_usernet_expose(job->endpoint, inst->ssh_address, inst->ssh_port, ip, job->end, err);

    if (ok) {
        lima_err names = {0};
        char *gateway = find_gateway(job);
        if (!lima_qemu_usernet_add_hosts(job->endpoint, inst, ip, gateway, job->end, &names))
            lima_log_warn("network '%s': names of hosts: %s", job->network, names.text);
        free(gateway);
    }
    free(ip);
    return ok;
}

static void finish(qemu_state *state, const lima_err *failure)
{
    lima_monitor *monitor = lima_qemu_monitor(&state->monitor);

    lima_monitor_enter(monitor);
    state->network_busy = false;
    state->network_failure = *failure;
    lima_monitor_leave(monitor);
}

static void run(void *arg)
{
    setup *job = arg;
    lima_err err = {0};

    if (set_up(job, &err) || err.code == LIMA_CODE_CANCELLED)
        err = (lima_err){0};
    else
        lima_err_wrap(&err, "network '%s'", job->network);
    finish(job->state, &err);
    job_free(job);
}

bool lima_qemu_network_setup_start(lima_call *call, const qemu_nic *nic, const char *endpoint, lima_err *err)
{
    qemu_state *state = lima_call_state(call);
    setup *job = lima_mem_zalloc(1, sizeof *job);
    lima_monitor *monitor = lima_qemu_monitor(&state->monitor);

    job->state = state;
    job->inst = lima_instance_copy(lima_call_instance(call));
    job->endpoint = lima_mem_strdup(endpoint);
    job->mac = lima_mem_strdup(nic->mac);
    job->network = lima_mem_strdup(nic->network);
    job->end = lima_wake_new();
    lima_monitor_enter(monitor);
    bool ok = lima_thread_start("usernet", run, job, &state->network, err);
    state->network_end = ok ? job->end : NULL;
    state->network_busy = ok;
    state->network_failure = (lima_err){0};
    lima_monitor_leave(monitor);
    if (!ok) {
        lima_wake_free(job->end);
        job_free(job);
    }
    return ok;
}

void lima_qemu_network_setup_end(qemu_state *state)
{
    lima_monitor *monitor = lima_qemu_monitor(&state->monitor);

    lima_monitor_enter(monitor);
    lima_thread *thread = state->network;
    lima_wake *end = state->network_end;
    state->network = NULL;
    state->network_end = NULL;
    lima_monitor_leave(monitor);
    if (end)
        lima_wake_raise(end);
    lima_thread_join(thread);
    lima_wake_free(end);
}
