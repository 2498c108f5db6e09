/* How it works: one call of wsl.exe for as long as boot.sh runs, in a thread that nobody waits for. What
 * it says goes to the guest's log; its end, and in case of failure the end of that log, to ours. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "wsl2/boot.h"
#include "wsl2/guest_run.h"
#include "wsl2/hosts.h"
#include "wsl2/output.h"
#include "wsl2/scripts.h"

enum { LIMIT_MS = 24 * 60 * 60 * 1000 };

struct wsl2_provision {
    char *exe, *distro, *instance;
    lima_strv args;
    lima_wake *stop;
    lima_thread *thread;
};

static void tell_line(const wsl2_provision *p, const char *line, bool *told)
{
    wsl2_line word;

    lima_wsl2_guest_line(line, strlen(line), &word);
    if (word.word == WSL2_WORD_BOOT) {
        *told = true;
        if (word.number)
            lima_log_error(
                "instance '%s': Lima's boot script ended with status %" PRIu32
                "; the instance runs on. All of its output: limactl shell %s sudo cat " WSL2_GUEST_LOG,
                p->instance, word.number, p->instance);
        else
            lima_log_info("instance '%s': Lima's boot script is done", p->instance);
    }
    if (word.word == WSL2_WORD_LOG)
        lima_log_error("instance '%s': boot script: %s", p->instance, word.text);
}

static bool tell(const wsl2_provision *p, const wsl2_said *said)
{
    lima_strv lines = {0};
    bool told = false;
    char *text = lima_wsl2_output_text(lima_buf_str(&said->out), said->out.len);

    lima_wsl2_output_lines(text, &lines);
    for (size_t i = 0; i < lines.len; i++)
        tell_line(p, lines.items[i], &told);
    lima_strv_free(&lines);
    free(text);
    return told;
}

static void provision(void *arg)
{
    wsl2_provision *p = arg;
    wsl2_said said;
    lima_err err = {0};
    wsl2_guest_run run = {.exe = p->exe,
                          .distro = p->distro,
                          .action = "run Lima's boot script",
                          .script = lima_wsl2_script_boot(),
                          .args = lima_strv_items(&p->args),
                          .limit_ms = LIMIT_MS,
                          .wake = p->stop};
    bool ok = lima_wsl2_guest_run(&run, &said, &err);

    if (!tell(p, &said) && err.code != LIMA_CODE_CANCELLED)
        lima_log_error("instance '%s': %s", p->instance,
                       ok ? "Lima's boot script ended without a word" : err.text);
    lima_wsl2_said_free(&said);
}

/* In plain mode Lima runs no scripts of a driver, and nobody else makes the user. */
static void add_args(const wsl2_provision_desc *desc, lima_strv *ret)
{
    lima_strv hosts = {0};
    bool plain = lima_json_bool(desc->inst->doc, false, "config.plain");

    lima_wsl2_hosts(desc->inst, desc->host, &hosts);
    lima_wsl2_boot_args(desc->vsock_port, desc->host, plain, &hosts, ret);
    lima_strv_free(&hosts);
}

bool lima_wsl2_provision_start(const wsl2_provision_desc *desc, wsl2_provision **ret, lima_err *err)
{
    wsl2_provision *p = lima_mem_zalloc(1, sizeof *p);

    *p = (wsl2_provision){.exe = lima_mem_strdup(desc->exe),
                          .distro = lima_mem_strdup(desc->distro),
                          .instance = lima_mem_strdup(desc->inst->name),
                          .stop = lima_wake_new()};
    add_args(desc, &p->args);
    if (!lima_thread_start("wsl2-provision", provision, p, &p->thread, err)) {
        lima_wsl2_provision_end(p);
        return false;
    }
    *ret = p;
    return true;
}

void lima_wsl2_provision_end(wsl2_provision *p)
{
    if (!p)
        return;
    lima_wake_raise(p->stop);
    lima_thread_join(p->thread);
    lima_wake_free(p->stop);
    lima_strv_free(&p->args);
    free(p->exe);
    free(p->distro);
    free(p->instance);
    free(p);
}
