/* How it works: one call of wsl.exe per step; the first boots the VM. Data goes in by standard input or as
 * arguments of fixed scripts, never as script text, and not by way of a mounted drive, which the guest may
 * not have. */
#include "wsl2/boot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "os/file.h"
#include "os/host.h"
#include "wsl2/argv.h"
#include "wsl2/cidata.h"
#include "wsl2/config.h"
#include "wsl2/guest_run.h"
#include "wsl2/mounts_script.h"
#include "wsl2/output.h"
#include "wsl2/scripts.h"
#include "wsl2/wslconf.h"

#define WSL_CONF "/etc/wsl.conf"

static uint32_t user_uid(const lima_instance *inst)
{
    int64_t uid = lima_json_int(inst->doc, 0, "config.user.uid");

    return uid > 0 && uid < UINT32_MAX ? (uint32_t)uid : 0;
}

uint32_t lima_wsl2_boot_uid(const wsl2_boot *boot)
{
    return boot->guest.has_user ? boot->guest.user_uid : user_uid(boot->inst);
}

static wsl2_guest_run in_guest(const wsl2_boot *boot, const char *action, const char *script,
                               const char *const *args)
{
    return (wsl2_guest_run){.exe = boot->exe,
                            .distro = boot->look->distro,
                            .action = action,
                            .script = script,
                            .args = args,
                            .wake = boot->wake};
}

static void warn_all(const lima_instance *inst, const lima_strv *sentences)
{
    for (size_t i = 0; i < sentences->len; i++)
        lima_log_warn("instance '%s': %s", inst->name, sentences->items[i]);
}

/* ---- settings of the user ---- */

void lima_wsl2_boot_read_settings(wsl2_boot *boot)
{
    const lima_host *host = lima_host_get();
    lima_buf bytes = LIMA_BUF(WSL2_CONFIG_FILE_MAX);
    lima_strv sentences = {0};
    char *path = lima_path_join(host->home, ".wslconfig");

    lima_file_read(path, &bytes, NULL);
    lima_wsl2_wslconfig_read(lima_buf_str(&bytes), bytes.len, &boot->settings, &sentences);
    lima_wsl2_wslconfig_explain(&boot->settings, boot->inst, host->cpus, host->memory, &sentences);
    warn_all(boot->inst, &sentences);
    lima_strv_free(&sentences);
    lima_buf_free(&bytes);
    free(path);
}

/* ---- the guest as it is ---- */

/* Of settings that it cannot honour, for example: once per start is enough. */
static void tell_warnings(const wsl2_boot *boot, const wsl2_said *said)
{
    lima_strv warnings = {0};
    char *text = lima_wsl2_output_text(lima_buf_str(&said->err_out), said->err_out.len);

    lima_wsl2_output_warnings(text, &warnings);
    warn_all(boot->inst, &warnings);
    lima_strv_free(&warnings);
    free(text);
}

static bool probe(wsl2_boot *boot, lima_err *err)
{
    char uid[16];
    wsl2_said said;

    snprintf(uid, sizeof uid, "%" PRIu32, user_uid(boot->inst));
    const char *const args[] = {uid, lima_json_str(boot->inst->doc, "", "config.user.name"), NULL};
    wsl2_guest_run run = in_guest(boot, "boot", lima_wsl2_script_probe(), args);
    run.retry = true;
    bool ok = lima_wsl2_guest_run(&run, &said, err);
    if (ok) {
        lima_wsl2_guest_parse(lima_buf_str(&said.out), said.out.len, &boot->guest);
        tell_warnings(boot, &said);
        ok = boot->guest.answered
             || lima_err_set(
                 err, LIMA_CODE_FAILED_PRECONDITION,
                 "distribution '%s': its /bin/sh does not work; is the image a Linux root file system for "
                 "this processor?",
                 boot->look->distro);
    }
    lima_wsl2_said_free(&said);
    return ok;
}

/* Otherwise the user could not be made, and limactl would wait in vain for her SSH. */
static bool check_uid(const wsl2_boot *boot, lima_err *err)
{
    const wsl2_guest *guest = &boot->guest;

    return guest->has_user || !*guest->uid_owner
           || lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION,
                           "distribution '%s': uid %" PRIu32
                           " belongs to '%s' in its image; set another `user.uid` in "
                           "lima.yaml, or leave it out",
                           boot->look->distro, user_uid(boot->inst), guest->uid_owner);
}

static bool check_needs(const wsl2_boot *boot, lima_err *err)
{
    const wsl2_guest *guest = &boot->guest;
    const char *lacks = !guest->has_bash   ? "bash"
                        : !guest->has_tar  ? "tar"
                        : !guest->has_sshd ? "an SSH server (sshd of OpenSSH)"
                        : !guest->has_sudo ? "sudo"
                                           : NULL;

    return !lacks
           || lima_err_set(
               err, LIMA_CODE_FAILED_PRECONDITION,
               "distribution '%s': its image has no %s, which Lima needs; take another image, or install it "
               "there: wsl -d %s -u root",
               boot->look->distro, lacks, boot->look->distro);
}

/* ---- wsl.conf ---- */

static bool read_conf(const wsl2_boot *boot, wsl2_said *ret, lima_err *err)
{
    char max[16];

    snprintf(max, sizeof max, "%d", (int)WSL2_CONF_MAX + 1);
    const char *const args[] = {WSL_CONF, max, NULL};
    wsl2_guest_run run = in_guest(boot, "read " WSL_CONF, lima_wsl2_script_read(), args);
    return lima_wsl2_guest_run(&run, ret, err);
}

static bool write_conf(const wsl2_boot *boot, char *text, lima_err *err)
{
    char size[24];
    wsl2_said said;

    snprintf(size, sizeof size, "%zu", strlen(text));
    const char *const args[] = {WSL_CONF, "0644", size, NULL};
    wsl2_guest_run run = in_guest(boot, "write " WSL_CONF, lima_wsl2_script_write(), args);

    run.feed = lima_wsl2_feed_text;
    run.feed_arg = text;
    bool ok = lima_wsl2_guest_run(&run, &said, err);
    lima_wsl2_said_free(&said);
    return ok;
}

static bool merge_conf(const wsl2_boot *boot, bool *ret_changed, lima_err *err)
{
    wsl2_conf_key keys[WSL2_CONF_KEYS];
    wsl2_said said;
    char *merged = NULL, *hostname = lima_wsl2_hostname(boot->inst);
    size_t count = lima_wsl2_wslconf_wanted(hostname, boot->guest.has_systemd, keys);
    bool ok = read_conf(boot, &said, err)
              && (lima_wsl2_wslconf_merge(lima_buf_str(&said.out), said.out.len, keys, count, &merged,
                                          ret_changed, err)
                  || lima_err_wrap(err, "distribution '%s': %s", boot->look->distro, WSL_CONF))
              && (!*ret_changed || write_conf(boot, merged, err));

    free(merged);
    free(hostname);
    lima_wsl2_said_free(&said);
    return ok;
}

static bool restart(const wsl2_boot *boot, lima_err *err)
{
    lima_strv argv = {0};
    char *what = lima_mem_printf("distribution '%s': stop it for its new " WSL_CONF, boot->look->distro);
    wsl2_run run = {
        .argv = &argv, .what = what, .limit_ms = WSL2_TERMINATE_MS, .wake = boot->wake, .retry = true};
    bool ok = lima_wsl2_argv_terminate(boot->exe, boot->look->distro, &argv, err)
              && lima_wsl2_run_quietly(&run, err);

    lima_strv_free(&argv);
    free(what);
    return ok;
}

bool lima_wsl2_boot_prepare(wsl2_boot *boot, lima_err *err)
{
    bool changed = false;

    if (!probe(boot, err) || !check_needs(boot, err) || !check_uid(boot, err)
        || !merge_conf(boot, &changed, err))
        return false;
    if (!changed)
        return true;
    lima_log_info("instance '%s': " WSL_CONF " written; booting it again", boot->inst->name);
    return restart(boot, err) && probe(boot, err);
}

/* ---- what it gets ---- */

bool lima_wsl2_boot_send_cidata(const wsl2_boot *boot, lima_err *err)
{
    wsl2_said said;
    char *dir = lima_instance_path(boot->inst, "cidata");
    wsl2_guest_run run = in_guest(boot, "send cidata", lima_wsl2_script_cidata(), NULL);

    run.feed = lima_wsl2_cidata_feed;
    run.feed_arg = dir;
    bool ok = lima_wsl2_guest_run(&run, &said, err);
    lima_wsl2_said_free(&said);
    free(dir);
    return ok;
}

typedef void each_line(const wsl2_boot *boot, const char *line, void *arg);

static void for_lines(const wsl2_boot *boot, const wsl2_said *said, each_line *each, void *arg)
{
    lima_strv lines = {0};
    char *text = lima_wsl2_output_text(lima_buf_str(&said->out), said->out.len);

    lima_wsl2_output_lines(text, &lines);
    for (size_t i = 0; i < lines.len; i++)
        each(boot, lines.items[i], arg);
    lima_strv_free(&lines);
    free(text);
}

static void tell_mount(const wsl2_boot *boot, const char *line, void *arg)
{
    const lima_windows_mounts *mounts = arg;
    const char *why = "";
    size_t index = 0;
    bool ok = true;

    if (lima_wsl2_mounts_result(line, &index, &ok, &why) && !ok && index < mounts->len)
        lima_log_warn("instance '%s': mount of '%s' on '%s' failed: %s", boot->inst->name,
                      mounts->items[index].location, mounts->items[index].point, why);
}

static bool mount_all(const wsl2_boot *boot, lima_err *err)
{
    lima_windows_mounts mounts = {0};
    wsl2_said said = {0};
    uint32_t uid = lima_wsl2_boot_uid(boot);

    if (!lima_windows_mounts_read(boot->inst, lima_host_get()->home, &mounts, err))
        return false;
    bool ok = true;
    if (mounts.len) {
        char *script = lima_wsl2_mounts_script(&mounts, uid, uid);
        wsl2_guest_run run = in_guest(boot, "mount folders", NULL, NULL);
        run.feed = lima_wsl2_feed_text;
        run.feed_arg = script;
        ok = lima_wsl2_guest_run(&run, &said, err);
        for_lines(boot, &said, tell_mount, &mounts);
        lima_wsl2_said_free(&said);
        free(script);
    }
    lima_windows_mounts_free(&mounts);
    return ok;
}

static void tell_limit(const wsl2_boot *boot, const char *line, void *arg)
{
    wsl2_line word;

    (void)arg;
    lima_wsl2_guest_line(line, strlen(line), &word);
    if (word.word == WSL2_WORD_LIMIT)
        lima_log_info("instance '%s': limit in the guest: %s", boot->inst->name, word.text);
}

/* Below what the VM has: WSL cannot give one distribution less, control groups may. */
static bool limit(const wsl2_boot *boot, lima_err *err)
{
    const lima_host *host = lima_host_get();
    const lima_instance *inst = boot->inst;
    uint32_t cpus = lima_wsl2_wslconfig_cpus(&boot->settings, host->cpus);
    uint64_t memory = lima_wsl2_wslconfig_memory(&boot->settings, host->memory);
    lima_strv args = {0};
    wsl2_said said;

    lima_wsl2_limits_args(inst->cpus < cpus ? inst->cpus : 0, inst->memory < memory ? inst->memory : 0,
                          lima_wsl2_boot_uid(boot), boot->look->distro, &args);
    wsl2_guest_run run = in_guest(boot, "set limits", lima_wsl2_script_limits(), lima_strv_items(&args));
    bool ok = lima_wsl2_guest_run(&run, &said, err);
    for_lines(boot, &said, tell_limit, NULL);
    lima_wsl2_said_free(&said);
    lima_strv_free(&args);
    return ok;
}

static bool tolerate(bool ok, const wsl2_boot *boot, const lima_err *why, lima_err *err)
{
    if (ok)
        return true;
    if (why->code == LIMA_CODE_CANCELLED || why->code == LIMA_CODE_INVALID_ARGUMENT)
        return lima_err_set(err, why->code, "%s", why->text);
    lima_log_warn("instance '%s': %s", boot->inst->name, why->text);
    return true;
}

bool lima_wsl2_boot_set_up(const wsl2_boot *boot, lima_err *err)
{
    lima_err why = {0};

    return tolerate(mount_all(boot, &why), boot, &why, err) && tolerate(limit(boot, &why), boot, &why, err);
}
