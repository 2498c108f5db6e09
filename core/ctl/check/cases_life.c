/* The life cycle around Start: what can be asked without a running VM. */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "ctl/check/cases.h"
#include "os/file.h"
#include "os/listener.h"

enum { NAME_MAX_BYTES = 30, DISK_MS = 120000 };

static bool create_twice(lima_check *check, lima_err *err)
{
    return lima_check_serve_configured(check, err) && lima_check_call(check, "Create", NULL, NULL, err)
           && (lima_check_call(check, "Create", NULL, NULL, err) || lima_err_wrap(err, "the second time"));
}

static bool disk_kept(lima_check *check, lima_err *err)
{
    lima_file_info before, after;
    char *disk = lima_path_join(lima_check_dir(check), "disk");
    bool ok = lima_check_vm_prepare(check, err) && lima_file_stat(disk, true, &before, err)
              && (lima_check_call_within(check, "CreateDisk", NULL, DISK_MS, NULL, err)
                  || lima_err_wrap(err, "the second time"))
              && lima_file_stat(disk, true, &after, err)
              && lima_check_that(before.id == after.id && before.size == after.size, err,
                                 "the second CreateDisk made the disk anew");
    free(disk);
    return ok;
}

/* ---- boot scripts ---- */

static bool script_name(const char *key, lima_err *err)
{
    const char *slash = strchr(key, '/');
    const char *name = slash ? slash + 1 : key;
    return lima_check_that(!slash || (lima_str_has_prefix(key, "boot.") && !strchr(name, '/')), err,
                           "script '%s' is not named boot.OS/NAME", key)
           && lima_check_that(*name && strlen(name) <= NAME_MAX_BYTES, err,
                              "script name '%s' is empty or over %d characters", name, NAME_MAX_BYTES);
}

static bool boot_scripts(lima_check *check, lima_err *err)
{
    lima_json *answer = NULL;
    lima_strv keys = {0};
    bool ok =
        lima_check_serve_configured(check, err) && lima_check_call(check, "BootScripts", NULL, &answer, err);
    if (ok)
        lima_json_keys(answer, &keys, "scripts");
    for (size_t i = 0; ok && i < keys.len; i++)
        ok = script_name(keys.items[i], err)
             && lima_check_that(
                 lima_str_has_prefix(lima_json_str(answer, "", "scripts.\"%s\"", keys.items[i]), "#!"), err,
                 "script '%s' does not begin with #!", keys.items[i]);
    lima_strv_free(&keys);
    lima_json_free(answer);
    return ok;
}

/* ---- addresses and the guest agent ---- */

static bool ssh_address(lima_check *check, lima_err *err)
{
    lima_json *answer = NULL;
    lima_err got = {0};
    if (!lima_check_serve_configured(check, err))
        return false;
    if (!lima_check_call(check, "SSHAddress", NULL, &answer, &got))
        return lima_check_that(got.code != LIMA_CODE_UNAVAILABLE, err, "SSHAddress broke the connection: %s",
                               got.text)
               && lima_check_skip(check, "the driver knows no address before the VM runs");
    bool ok = lima_check_that(*lima_json_str(answer, "", "address"), err,
                              "SSHAddress succeeded with an empty address");
    lima_json_free(answer);
    return ok;
}

static bool forward_agent(lima_check *check, lima_err *err)
{
    return lima_check_serve_configured(check, err)
           && lima_check_call(check, "ForwardGuestAgent", NULL, NULL, err);
}

/* When ssh forwards the agent's socket, the driver has nothing to connect, and must still say yes. The
 * socket is there, as ssh would have made it. */
static bool agent_conn_when_forwarded(lima_check *check, lima_err *err)
{
    lima_json *answer = NULL;
    if (!lima_check_serve_configured(check, err)
        || !lima_check_call(check, "ForwardGuestAgent", NULL, &answer, err))
        return false;
    bool forwarded = lima_json_bool(answer, false, "shouldForward");
    lima_json_free(answer);
    if (!forwarded)
        return lima_check_skip(check, "the driver has a way of its own to the guest agent");
    lima_listener *agent = NULL;
    char *path = lima_path_join(lima_check_dir(check), "ga.sock");
    bool ok =
        lima_listener_open(path, &agent, err) && lima_check_call(check, "GuestAgentConn", NULL, NULL, err);
    lima_listener_close(agent);
    free(path);
    return ok;
}

static bool display_without_vnc(lima_check *check, lima_err *err)
{
    lima_err got = {0};
    if (!lima_check_serve_configured(check, err))
        return false;
    bool ok = lima_check_call(check, "GetDisplayConnection", NULL, NULL, &got);
    return lima_check_that(ok || got.code != LIMA_CODE_UNAVAILABLE, err,
                           "GetDisplayConnection broke the connection: %s", got.text)
           && lima_check_alive(check, err);
}

const lima_check_case lima_check_life_cases[] = {
    {"life/create-twice", "limactl calls Create once for a new instance and again before every start", "3.5",
     "succeed when everything is there already", 0, create_twice},
    {"life/create-disk-keeps-the-disk",
     "limactl calls CreateDisk before every start: a disk made anew is the user's data gone", "3.5",
     "do nothing when the disk is there", LIMA_CHECK_GUEST, disk_kept},
    {"life/boot-script-names",
     "another form of key ends the host agent, a longer name does not fit the ISO image, a script without #! "
     "fails in the guest",
     "4.5", "name scripts boot.Linux/NAME.sh with at most 30 characters and begin them with #!", 0,
     boot_scripts},
    {"life/ssh-address", "an empty address with success sends ssh to nowhere", "3.3",
     "answer 127.0.0.1, the guest's address, or an error", 0, ssh_address},
    {"life/forward-agent-answers",
     "the host agent asks at every connection to the guest agent; an error is logged each time", "3.3",
     "answer true when ssh is to forward the socket, else false", 0, forward_agent},
    {"life/agent-conn-when-forwarded",
     "GuestAgentConn is called also when ForwardGuestAgent was true, and an error fails that attempt", "3.5",
     "succeed without doing anything", 0, agent_conn_when_forwarded},
    {"life/display-without-vnc", "a display call on an instance without display must end in an answer", "3.3",
     "answer an error, or UNIMPLEMENTED", 0, display_without_vnc},
    {0},
};
