/* How it works: the ways of this networking mode are tried in order (network.h). A way counts when the
 * server at its end names this start's nonce in its first line; anything may listen on a port, also
 * another distribution's server. The last way always exists: each connection gets a wsl.exe child that
 * runs an SSH server on its standard handles. */
#include "wsl2/ssh.h"

#include <stdlib.h>

#include "base/log.h"
#include "win/tcp.h"
#include "wsl2/argv.h"
#include "wsl2/child_way.h"
#include "wsl2/scripts.h"
#include "wsl2/vm.h"
#include "wsl2/wsl_exe.h"

enum {
    CONNECT_MS = 3000,
    BANNER_MS = 5000,
    BANNER_STDIO_MS = 30000,
    PAUSE_MS = 200,
    BANNER_MAX = 512,
    PORT_MS = 3000
};

/* ---- verifying ---- */

static bool read_banner(lima_stream *from, lima_deadline deadline, lima_wake *wake, char *line,
                        size_t *ret_len, lima_err *err)
{
    size_t len = 0, got = 0;

    while (len < BANNER_MAX) {
        if (!lima_stream_read(from, line + len, 1, deadline, wake, &got, err))
            return false;
        if (!got || line[len] == '\n')
            break;
        len++;
    }
    *ret_len = len;
    return true;
}

static bool check_server(const lima_way *way, const char *nonce, uint64_t ms, lima_wake *wake, lima_err *err)
{
    char line[BANNER_MAX];
    size_t len = 0;

    return read_banner(way->in, lima_wsl2_in(ms), wake, line, &len, err)
           && (lima_wsl2_banner_check(line, len, nonce)
               || lima_err_set(err, LIMA_CODE_ALREADY_EXISTS, "another server answers there"));
}

static bool check_tcp(const char *address, const wsl2_reach *reach, lima_wake *wake, lima_err *err)
{
    lima_stream *stream = NULL;

    if (!lima_tcp_connect(address, reach->guest_port, lima_wsl2_in(CONNECT_MS), wake, &stream, err))
        return false;
    lima_way way = lima_way_of(stream);
    bool ok = check_server(&way, reach->nonce, BANNER_MS, wake, err);
    lima_way_close(&way);
    return ok || lima_err_wrap(err, "%s:%u", address, reach->guest_port);
}

/* WSL's relay appears a moment after the server. */
static bool await_tcp(const char *address, const wsl2_reach *reach, uint64_t ms, lima_wake *wake,
                      lima_err *err)
{
    lima_deadline deadline = lima_wsl2_in(ms);
    lima_err why = {0};

    while (!check_tcp(address, reach, wake, &why)) {
        if (why.code == LIMA_CODE_CANCELLED || lima_clock_now() >= deadline)
            return lima_err_set(err, why.code, "%s", why.text);
        lima_wake_wait(wake, lima_clock_in(PAUSE_MS));
    }
    return true;
}

/* ---- ways in, for the door ---- */

static bool dial_tcp(const char *address, const wsl2_reach *reach, lima_wake *wake, lima_way *ret,
                     lima_err *err)
{
    lima_stream *stream = NULL;

    if (!lima_tcp_connect(address, reach->guest_port, lima_wsl2_in(CONNECT_MS), wake, &stream, err))
        return false;
    *ret = lima_way_of(stream);
    return true;
}

static bool dial_loopback(const void *arg, lima_wake *wake, lima_way *ret, lima_err *err)
{
    return dial_tcp("127.0.0.1", arg, wake, ret, err);
}

static bool dial_guest(const void *arg, lima_wake *wake, lima_way *ret, lima_err *err)
{
    const wsl2_reach *reach = arg;

    return dial_tcp(reach->address, reach, wake, ret, err);
}

static bool dial_stdio(const void *arg, lima_wake *wake, lima_way *ret, lima_err *err)
{
    const wsl2_reach *reach = arg;
    lima_strv argv = {0};
    bool ok = lima_wsl2_argv_sh(reach->exe, reach->distro, lima_wsl2_script_sshd_stdio(), NULL, &argv, err)
              && lima_wsl2_child_way(&argv, ret, err);

    (void)wake;
    lima_strv_free(&argv);
    return ok;
}

static bool accept_tcp(void *listener, lima_deadline deadline, lima_wake *wake, lima_stream **ret,
                       lima_err *err)
{
    return lima_tcp_accept(listener, deadline, wake, ret, err);
}

static void close_tcp(void *listener)
{
    lima_tcp_close(listener);
}

/* ---- choosing ---- */

typedef bool dial(const void *arg, lima_wake *wake, lima_way *ret, lima_err *err);

static bool check_stdio(wsl2_reach *reach, lima_wake *wake, lima_err *err)
{
    lima_way way = {0};

    if (!dial_stdio(reach, wake, &way, err))
        return false;
    bool ok = check_server(&way, reach->nonce, BANNER_STDIO_MS, wake, err);
    lima_way_close(&way);
    return ok || lima_err_wrap(err, "an SSH server on the standard handles of wsl.exe");
}

static dial *try_way(wsl2_way way, wsl2_reach *reach, bool listens, lima_wake *wake, lima_err *err)
{
    switch (way) {
    case WSL2_WAY_LOOPBACK:
        return listens && await_tcp("127.0.0.1", reach, WSL2_RELAY_MS, wake, err) ? dial_loopback : NULL;
    case WSL2_WAY_GUEST_IP:
        return listens && *reach->address && check_tcp(reach->address, reach, wake, err) ? dial_guest : NULL;
    case WSL2_WAY_STDIO:
        break;
    }
    return check_stdio(reach, wake, err) ? dial_stdio : NULL;
}

static dial *choose(wsl2_reach *reach, bool listens, lima_wake *wake, lima_err *err)
{
    static const char *const names[] = {[WSL2_WAY_LOOPBACK] = "127.0.0.1 by WSL",
                                        [WSL2_WAY_GUEST_IP] = "the guest's address",
                                        [WSL2_WAY_STDIO] = "wsl.exe"};
    wsl2_way ways[WSL2_WAYS_MAX];
    size_t count = lima_wsl2_ways(reach->network, reach->localhost_forwarding, ways);

    for (size_t i = 0; i < count; i++) {
        dial *way = try_way(ways[i], reach, listens, wake, err);
        if (way) {
            lima_log_info("distribution '%s': SSH by way of %s, port %u (networking mode %s)", reach->distro,
                          names[ways[i]], reach->guest_port, lima_wsl2_network_name(reach->network));
            return way;
        }
        if (lima_wake_wait(wake, 0))
            break;
        lima_log_info("distribution '%s': no SSH by way of %s: %s", reach->distro, names[ways[i]],
                      listens ? err->text : "its server does not listen");
    }
    return NULL;
}

/* WSL's relay of a distribution that has just stopped holds its port a moment longer. */
static bool listen_patiently(uint16_t port, lima_wake *wake, lima_tcp_listener **ret, lima_err *err)
{
    lima_deadline deadline = lima_wsl2_in(PORT_MS);
    lima_err why = {0};

    while (!lima_tcp_listen(port, ret, &why)) {
        if (why.code != LIMA_CODE_ALREADY_EXISTS || lima_clock_now() >= deadline
            || lima_wake_wait(wake, lima_clock_in(PAUSE_MS)))
            return lima_err_set(err, why.code, "%s", why.text);
    }
    return true;
}

static bool open_door(wsl2_vm *vm, dial *way, lima_wake *wake, lima_err *err)
{
    lima_tcp_listener *listener = NULL;
    lima_door *door = NULL;
    lima_door_desc desc = {
        .name = "SSH", .accept = accept_tcp, .close = close_tcp, .dial = way, .arg = &vm->reach};

    if (!listen_patiently(vm->reach.port, wake, &listener, err))
        return lima_err_wrap(err, "another program has the SSH port; end it, or set another `ssh.localPort`");
    desc.listener = listener;
    if (!lima_door_open(&desc, &door, err))
        return false;
    lima_monitor_enter(vm->monitor);
    lima_door *old = vm->ssh;
    vm->ssh = door;
    lima_monitor_leave(vm->monitor);
    lima_door_close(old);
    return true;
}

static bool set_up(wsl2_vm *vm, wsl2_keeper *keeper, lima_wake *wake, lima_err *err)
{
    lima_err why = {0};
    bool listens = lima_wsl2_keeper_await_sshd(keeper, lima_wsl2_in(WSL2_SSHD_MS), wake, &why);

    if (!listens && lima_wsl2_keeper_wait(keeper, 0, NULL, NULL))
        return lima_err_set(err, why.code, "%s", why.text);
    if (!listens)
        lima_log_warn("distribution '%s': %s", vm->reach.distro, why.text);
    dial *way = choose(&vm->reach, listens, wake, err);
    if (!way)
        return false;
    return (way == dial_loopback && vm->reach.port == vm->reach.guest_port) || open_door(vm, way, wake, err);
}

bool lima_wsl2_ssh_set_up(lima_call *call, lima_err *err)
{
    wsl2_vm *vm = lima_wsl2_vm_of(call);
    wsl2_keeper *keeper = lima_wsl2_vm_enter(vm);

    if (!keeper)
        return lima_err_set(err, LIMA_CODE_FAILED_PRECONDITION, "it was not started by this process");
    lima_monitor_enter(vm->monitor);
    bool done = vm->ssh != NULL;
    lima_monitor_leave(vm->monitor);
    bool ok = done || set_up(vm, keeper, lima_call_wake(call), err);
    lima_wsl2_vm_leave(vm);
    return ok;
}
