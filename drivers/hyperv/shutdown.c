/* How it works: Windows has a shutdown service from schema 2.5 on, and a guest answers it when it has
 * hv_utils. Where either is missing, limactl's own way into the guest is taken: the user's ssh with the
 * instance's ssh.config, but straight to the guest's address, which the endpoint tells: our door may be of
 * another process, and its port with it. A guest on the network in user space has no address here: it is
 * reached by the door alone, which stop.c has seen to.
 *
 * What ssh says at its end is no evidence: a guest that goes down cuts the connection. The VM's end is. */
#include "hyperv/shutdown.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/str.h"
#include "driver/ssh.h"
#include "hyperv/document.h"
#include "hyperv/network.h"
#include "hyperv/record.h"
#include "hyperv/snapshot_index.h"
#include "os/file.h"
#include "win/hcs.h"

enum {
    SSH_MS = 30000, /* a guest that takes no connection for so long takes none */
    CONNECT_S = 10,
    CUT_MS = 5000, /* from a connection that was cut to the VM's end */
    SAID_BYTES = 4096,
    SSH_PORT = 22,
    LOOPBACK = 0x7f000001,
};

#define SHUTDOWN                                                                                             \
    "{\"Mechanism\":\"IntegrationService\",\"Type\":\"Shutdown\",\"Force\":false,\"Reason\":\"limactl "      \
    "stop\"}"

typedef struct ending {
    const lima_instance *inst;
    lima_hcs_system *system;
    lima_deadline deadline;
    lima_wake *wake;
} ending;

static bool has_service(const lima_instance *inst)
{
    lima_buf text = LIMA_BUF(HYPERV_DOCUMENT_MAX);
    char *path = lima_instance_path(inst, HYPERV_DOCUMENT_FILE);
    bool has =
        lima_file_read(path, &text, NULL) && lima_hyperv_document_has_shutdown(lima_buf_str(&text), text.len);

    lima_buf_free(&text);
    free(path);
    return has;
}

static bool ask_service(const ending *e, lima_err *err)
{
    if (!has_service(e->inst))
        return lima_err_set(err, LIMA_CODE_UNIMPLEMENTED, "this Windows has no shutdown service for VMs");
    return lima_hcs_shut_down(e->system, SHUTDOWN, e->deadline, e->wake, err);
}

/* ---- SSH ---- */

/* Where sshd answers. */
static bool find_sshd(const ending *e, char address[LIMA_IPV4_SIZE], uint16_t *ret_port, lima_err *err)
{
    if (!lima_hyperv_is_in_user_space(e->inst)) {
        *ret_port = SSH_PORT;
        return lima_hyperv_network_address(e->inst, e->wake, address, err);
    }
    *ret_port = lima_hyperv_ssh_port(e->inst);
    lima_ipv4_print(LOOPBACK, address);
    return true;
}

static void add_words(const lima_instance *inst, const char *address, uint16_t port, lima_strv *into)
{
    static const char *const rest[] = {"sudo", "-n", "poweroff", NULL};

    lima_ssh_words(into);
    lima_ssh_config_words(inst, into);
    lima_strv_add(into, "-o");
    lima_strv_addf(into, "HostName=%s", address);
    lima_strv_add(into, "-o");
    lima_strv_addf(into, "Port=%u", port);
    lima_strv_add(into, "-o");
    lima_strv_addf(into, "ConnectTimeout=%d", CONNECT_S);
    lima_strv_add(into, "-o");
    lima_strv_add(into, "ControlMaster=no"); /* none is to stay behind */
    lima_ssh_host_word(inst, into);
    for (size_t i = 0; rest[i]; i++)
        lima_strv_add(into, rest[i]);
}

static uint32_t left_of(lima_deadline deadline, uint32_t most)
{
    uint64_t now = lima_clock_now(), left = deadline > now ? deadline - now : 0;

    return left < most ? (uint32_t)left : most;
}

static bool ask_over_ssh(const ending *e, lima_err *err)
{
    lima_buf said = LIMA_BUF(SAID_BYTES);
    lima_strv argv = {0};
    char address[LIMA_IPV4_SIZE];
    uint16_t port = 0;

    if (!find_sshd(e, address, &port, err))
        return false;
    add_words(e->inst, address, port, &argv);
    bool ok = lima_ssh_run(&argv, left_of(e->deadline, SSH_MS), &said, e->wake, err);
    char *text = lima_buf_take(&said);
    lima_str_trim(text);
    if (!ok && *text)
        lima_err_set(err, err->code, "ssh: %s", text);
    free(text);
    lima_strv_free(&argv);
    return ok;
}

/* ---- both ---- */

static bool await_end(const ending *e, lima_deadline deadline, lima_err *err)
{
    lima_hcs_end end = {0};
    bool ok = lima_hcs_wait_end(e->system, deadline, e->wake, &end, err);

    lima_hcs_end_free(&end);
    return ok;
}

static bool end_over_ssh(const ending *e, lima_err *err)
{
    if (ask_over_ssh(e, err))
        return await_end(e, e->deadline, err);
    if (err->code != LIMA_CODE_UNKNOWN)
        return false;
    lima_deadline cut = lima_clock_in(CUT_MS);
    return await_end(e, cut < e->deadline ? cut : e->deadline, NULL);
}

static bool end_guest(const ending *e, lima_err *err)
{
    lima_err why = {0}, ssh = {0};

    if (ask_service(e, &why))
        return await_end(e, e->deadline, err);
    if (lima_wake_wait(lima_hcs_ended(e->system), 0))
        return true;
    if (why.code == LIMA_CODE_CANCELLED || lima_clock_now() >= e->deadline)
        return lima_err_set(err, why.code, "%s", why.text);
    lima_log_info("instance '%s': %s; shutting the guest down over SSH", e->inst->name, why.text);
    return end_over_ssh(e, &ssh) || lima_err_set(err, ssh.code, "%s; %s", why.text, ssh.text);
}

void lima_hyperv_shut_down(const lima_instance *inst, const char *vm_id, uint32_t grace_ms, lima_wake *wake)
{
    ending e = {.inst = inst, .deadline = lima_clock_in(grace_ms), .wake = wake};
    lima_err why = {0};
    bool ok = lima_hcs_open(vm_id, e.deadline, wake, &e.system, &why) ? end_guest(&e, &why)
                                                                      : why.code == LIMA_CODE_NOT_FOUND;

    lima_hcs_close(e.system);
    if (!ok)
        lima_log_warn("instance '%s': the guest was not shut down in order (%s); its VM is forced off now",
                      inst->name, why.text);
}
