/* limadrv run: a VM without limactl.
 *
 * One thread. Every wait looks at the wake (Ctrl-C) and, once the VM runs, at the Start stream, so that a VM
 * that dies is noticed while SSH is still tried. Whatever happens, the end is the same: stop, delete, end the
 * driver, remove the folder. What the guest and the driver wrote last is shown when the VM failed, because
 * afterwards the files are gone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "boot.h"
#include "machine.h"
#include "os/host.h"
#include "os/process.h"
#include "out.h"

enum {
    LOOK_MS = 250,
    PROBE_MS = 30000, /* one attempt of SSH, whatever ConnectTimeout does */
    SSH_END_MS = 3000,
    TAIL_LINES = 15,
    TAIL_BYTES = 64 * 1024,
};

/* ---- ssh ---- */

/* The options of every ssh. It runs in the machine's folder, so that no path has to be quoted for ssh's own
 * parser. */
static void add_ssh(const lima_boot *boot, unsigned connect_timeout, lima_strv *argv)
{
    static const char *const options[] = {
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "IdentityFile=user",
        "UserKnownHostsFile=known_hosts",
        "GlobalKnownHostsFile=none",
        "StrictHostKeyChecking=accept-new",
        "HostKeyAlias=limadrv",
        "PreferredAuthentications=publickey",
        "GSSAPIAuthentication=no",
        "LogLevel=ERROR",
        "ServerAliveInterval=15",
        "ServerAliveCountMax=4",
        "ForwardAgent=no",
    };
    lima_strv_add(argv, "ssh");
    lima_strv_add(argv, "-F");
    lima_strv_add(argv, "none");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        lima_strv_add(argv, "-o");
        lima_strv_add(argv, options[i]);
    }
    lima_strv_addf(argv, "-oConnectTimeout=%u", connect_timeout);
    lima_strv_addf(argv, "-p%u", boot->machine->port);
    lima_strv_addf(argv, "-l%s", boot->machine->user);
}

static bool start_ssh(const lima_boot *boot, const lima_strv *argv, bool own, lima_process **ret,
                      lima_err *err)
{
    char *log = lima_path_join(boot->machine->dir, "ssh.log");
    lima_process_desc desc = {
        .argv = lima_strv_items(argv),
        .dir = boot->machine->dir,
        .in = own ? LIMA_PROCESS_INHERIT : LIMA_PROCESS_NULL,
        .out = own ? LIMA_PROCESS_INHERIT : LIMA_PROCESS_NULL,
        .err = own ? LIMA_PROCESS_INHERIT : LIMA_PROCESS_FILE,
        .err_file = log,
        .same_group = own,
    };
    bool ok = lima_process_start(&desc, ret, err);
    free(log);
    return ok;
}

/* Waits for ssh while the VM runs. `deadline` may be NEVER. A failure is the VM's end, the deadline, or an
 * interrupt; ssh is gone in any case. */
static bool wait_ssh(lima_boot *boot, lima_process *ssh, lima_deadline deadline, lima_process_exit *ret,
                     lima_err *err)
{
    lima_err why = {0};
    bool ok = true, done = false;
    while (ok && !done) {
        done = lima_process_wait(ssh, lima_clock_in(LOOK_MS), boot->wake, ret, &why);
        if (done)
            break;
        if (why.code == LIMA_CODE_CANCELLED)
            ok = lima_err_set(err, LIMA_CODE_CANCELLED, "interrupted");
        else if (lima_clock_now() >= deadline)
            ok = lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED, "ssh does not answer");
        else
            ok = lima_boot_watch(boot, 0, err);
        lima_phase_tick(boot->phase);
    }
    if (!done) { /* a guest that shut down lets ssh say so itself */
        if (boot->ended)
            done = lima_process_wait(ssh, lima_clock_in(SSH_END_MS), NULL, ret, NULL);
        if (!done) {
            lima_process_end(ssh, true);
            lima_process_wait(ssh, lima_clock_in(SSH_END_MS), NULL, &(lima_process_exit){0}, NULL);
        }
    }
    return ok || (done && boot->ended);
}

/* One attempt: *ret_ready tells whether a command ran in the guest. */
static bool try_ssh(lima_boot *boot, unsigned connect_timeout, bool *ret_ready, lima_err *err)
{
    lima_strv argv = {0};
    lima_process *ssh = NULL;
    lima_process_exit end = {0};
    add_ssh(boot, connect_timeout, &argv);
    lima_strv_add(&argv, "--");
    lima_strv_add(&argv, boot->address);
    lima_strv_add(&argv, "true");
    bool ok = start_ssh(boot, &argv, false, &ssh, err);
    if (ok && !wait_ssh(boot, ssh, lima_clock_in(PROBE_MS), &end, err)) {
        ok = err->code == LIMA_CODE_DEADLINE_EXCEEDED;
        end.code = -1;
    }
    *ret_ready = ok && !end.signaled && end.code == 0;
    lima_process_free(ssh);
    lima_strv_free(&argv);
    return ok;
}

/* QEMU accepts connections long before the guest does: early attempts are short, later ones patient. */
static bool wait_for_guest(lima_boot *boot, uint64_t timeout_ms, lima_err *err)
{
    lima_deadline deadline = lima_clock_in(timeout_ms);
    bool ready = false;
    for (unsigned attempt = 0; !ready; attempt++) {
        if (lima_clock_now() >= deadline) {
            return lima_err_set(err, LIMA_CODE_DEADLINE_EXCEEDED,
                                "no SSH in the guest within %llu s; does the image read a cidata volume? "
                                "--timeout allows more time",
                                (unsigned long long)(timeout_ms / 1000));
        }
        if (!try_ssh(boot, 2 + attempt / 4, &ready, err) || (!ready && !lima_boot_watch(boot, LOOK_MS, err)))
            return false;
        lima_phase_tick(boot->phase);
    }
    return true;
}

/* A word as the guest's shell reads it back unchanged. */
static void add_quoted(lima_buf *into, const char *word)
{
    lima_buf_add_str(into, into->len ? " '" : "'");
    for (; *word; word++) {
        if (*word == '\'')
            lima_buf_add_str(into, "'\\''");
        else
            lima_buf_add(into, word, 1);
    }
    lima_buf_add_str(into, "'");
}

/* The shell, or the command. *ret_code is its status. */
static bool use_guest(const lima_ctl_args *args, lima_boot *boot, int *ret_code, lima_err *err)
{
    const lima_strv *command = lima_ctl_rest(args);
    lima_strv argv = {0};
    lima_buf line = LIMA_BUF(128 * 1024);
    lima_process *ssh = NULL;
    lima_process_exit end = {0};
    bool terminal = lima_out_terminal(args, 0) && lima_out_terminal(args, 1);
    add_ssh(boot, 30, &argv);
    lima_strv_add(&argv, terminal ? "-t" : "-T");
    lima_strv_add(&argv, "--");
    lima_strv_add(&argv, boot->address);
    for (size_t i = 0; i < command->len; i++)
        add_quoted(&line, command->items[i]);
    if (line.len)
        lima_strv_add(&argv, lima_buf_str(&line));
    bool ok = line.full ? lima_err_set(err, LIMA_CODE_OUT_OF_RANGE, "the command is over 128 KiB")
                        : start_ssh(boot, &argv, true, &ssh, err)
                              && wait_ssh(boot, ssh, LIMA_DEADLINE_NEVER, &end, err);
    if (ok)
        *ret_code = end.signaled ? 128 + end.code : end.code;
    lima_process_free(ssh);
    lima_buf_free(&line);
    lima_strv_free(&argv);
    return ok;
}

/* ---- when it failed ---- */

static void print_tail(const char *dir, const char *file)
{
    char *path = lima_path_join(dir, file), *part = lima_mem_zalloc(TAIL_BYTES + 1, 1);
    lima_file_info info = {0};
    lima_file *log = NULL;
    size_t len = 0;
    if (lima_file_stat(path, true, &info, NULL) && info.size
        && lima_file_open(path, LIMA_FILE_READ, &log, NULL)
        && lima_file_read_at(log, info.size > TAIL_BYTES ? info.size - TAIL_BYTES : 0, part, TAIL_BYTES, &len,
                             NULL)
        && len) {
        size_t from = len - (part[len - 1] == '\n'), lines = TAIL_LINES;
        while (from > 0 && (part[from - 1] != '\n' || --lines))
            from--;
        fprintf(stderr, "--- last lines of %s ---\n%.*s%s", file, (int)(len - from), part + from,
                part[len - 1] == '\n' ? "" : "\n");
    }
    lima_file_close(log);
    free(part);
    free(path);
}

static void print_logs(const char *dir)
{
    lima_strv files = {0};
    if (lima_dir_list(dir, 1000, &files, NULL))
        for (size_t i = 0; i < files.len; i++)
            if (lima_str_has_prefix(files.items[i], "serial") && lima_str_has_suffix(files.items[i], ".log"))
                print_tail(dir, files.items[i]);
    print_tail(dir, "ssh.log");
    print_tail(dir, "driver.stderr.log");
    lima_strv_free(&files);
}

/* ---- the command ---- */

static bool boot_and_use(const lima_ctl_args *args, lima_boot *boot, int *ret_code, lima_err *err)
{
    lima_phase_next(boot->phase, "Booting");
    if (!lima_boot_start(boot, err))
        return false;
    lima_phase_next(boot->phase, "Waiting for SSH");
    if (!wait_for_guest(boot, lima_ctl_number(args, "timeout"), err))
        return false;
    boot->ready = true;
    lima_phase_done(boot->phase, "Ready");
    return use_guest(args, boot, ret_code, err);
}

static int complain(const lima_ctl_args *args, lima_phase *phase, const lima_err *err)
{
    lima_phase_clear(phase);
    return lima_ctl_fail(args, err);
}

static int run_machine(const lima_ctl_args *args, lima_phase *phase, const lima_machine *machine)
{
    lima_boot boot = {.machine = machine, .phase = phase, .wake = lima_ctl_wake(args)};
    lima_err err = {0};
    int code = LIMA_CTL_OK;
    if (!boot_and_use(args, &boot, &code, &err)) {
        code = complain(args, phase, &err);
        if (code != LIMA_CTL_INTERRUPTED)
            print_logs(machine->dir);
    }
    lima_phase_next(phase, "Stopping");
    if (!lima_boot_end(&boot, &err))
        code = complain(args, phase, &err);
    lima_phase_done(phase, "Stopped");
    return code;
}

int lima_ctl_run(const lima_ctl_args *args)
{
    lima_err err = {0};
    lima_phase phase;
    lima_machine machine = {0};
    lima_phase_init(&phase, args);
    lima_phase_next(&phase, "Preparing");
    if (!lima_machine_prepare(args, &phase, &machine, &err)) {
        int code = complain(args, &phase, &err);
        return code == LIMA_CTL_FAILED && err.code == LIMA_CODE_INVALID_ARGUMENT ? LIMA_CTL_USAGE : code;
    }
    int code = run_machine(args, &phase, &machine);
    if (lima_ctl_bool(args, "keep"))
        fprintf(stderr, "limadrv run: kept in %s\n", machine.dir);
    lima_machine_end(&machine, lima_ctl_bool(args, "keep"));
    return code;
}
