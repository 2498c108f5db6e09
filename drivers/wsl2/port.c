#include "wsl2/port.h"

#include "os/clock.h"
#include "win/tcp.h"
#include "wsl2/wsl_exe.h"

enum { ATTEMPTS_MAX = 64 };

static bool is_free_here(uint16_t port)
{
    lima_tcp_listener *probe = NULL;
    bool ok = lima_tcp_listen(port, &probe, NULL);

    lima_tcp_close(probe);
    return ok;
}

static bool draw(const lima_instance *inst, const wsl2_guest *guest, bool here, uint16_t *ret, lima_err *err)
{
    for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        uint16_t port = lima_wsl2_ssh_port(inst->dir, attempt);
        if (!lima_wsl2_guest_port_used(guest, port) && (!here || is_free_here(port))) {
            *ret = port;
            return true;
        }
    }
    return lima_err_set(err, LIMA_CODE_RESOURCE_EXHAUSTED,
                        "no TCP port between %d and %d is free for SSH; stop other distributions",
                        WSL2_SSH_PORT_MIN, WSL2_SSH_PORT_MAX);
}

bool lima_wsl2_choose_ports(const lima_instance *inst, const wsl2_guest *guest, uint16_t *ret_port,
                            uint16_t *ret_guest_port, lima_err *err)
{
    uint16_t port = inst->ssh_port, guest_port;

    if (!port && !draw(inst, guest, true, &port, err))
        return false;
    guest_port = port;
    if ((lima_wsl2_guest_port_used(guest, port) || !lima_wsl2_ssh_port_allowed(port))
        && !draw(inst, guest, false, &guest_port, err))
        return false;
    *ret_port = port;
    *ret_guest_port = guest_port;
    return true;
}

/* `wslinfo --vm-id` came with 2.5.10; before it the id has to be guessed from other programs' command
 * lines. */
uint32_t lima_wsl2_agent_port(const lima_instance *inst)
{
    static const wsl2_version tells_id = {{2, 5, 10, 0}};
    wsl2_version version;

    if (!inst || !*inst->dir || !lima_wsl2_exe_version(&version)
        || lima_wsl2_version_cmp(version, tells_id) < 0)
        return 0;
    return lima_wsl2_vsock_port(inst->dir, 0);
}
