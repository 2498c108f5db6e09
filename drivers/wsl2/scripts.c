/* The scripts are files of their own (guest/NAME.sh), so that sh, shellcheck and people can read them; the
 * build makes strings of them. */
#include "wsl2/scripts.h"

#include "guest_boot.h"
#include "guest_cidata.h"
#include "guest_keeper.h"
#include "guest_limits.h"
#include "guest_probe.h"
#include "guest_read.h"
#include "guest_relay.h"
#include "guest_sshd_stdio.h"
#include "guest_user.h"
#include "guest_write.h"

/* Windows' limit for a command line leaves no room for more. */
enum { SCRIPT_MAX = 8192 };
#define FITS(script) (sizeof(script) <= SCRIPT_MAX)
_Static_assert(FITS(guest_boot) && FITS(guest_cidata) && FITS(guest_keeper) && FITS(guest_limits)
                   && FITS(guest_probe) && FITS(guest_read) && FITS(guest_relay) && FITS(guest_sshd_stdio)
                   && FITS(guest_user) && FITS(guest_write),
               "a script is too long for a command line");

const char *lima_wsl2_script_probe(void)
{
    return guest_probe;
}

const char *lima_wsl2_script_write(void)
{
    return guest_write;
}

const char *lima_wsl2_script_read(void)
{
    return guest_read;
}

const char *lima_wsl2_script_cidata(void)
{
    return guest_cidata;
}

const char *lima_wsl2_script_keeper(void)
{
    return guest_keeper;
}

/* The keeper without arguments. */
const char *lima_wsl2_script_stop(void)
{
    return guest_keeper;
}

const char *lima_wsl2_script_sshd_stdio(void)
{
    return guest_sshd_stdio;
}

const char *lima_wsl2_script_boot(void)
{
    return guest_boot;
}

const char *lima_wsl2_script_limits(void)
{
    return guest_limits;
}

const char *lima_wsl2_script_relay(void)
{
    return guest_relay;
}

const lima_boot_script *lima_wsl2_script_user(void)
{
    static const lima_boot_script script = {.name = "02-wsl2-user.sh", .text = guest_user};
    return &script;
}

void lima_wsl2_keeper_args(uint16_t port, const char *listen_address, const char *nonce, lima_strv *ret)
{
    lima_strv_addf(ret, "%u", port);
    lima_strv_add(ret, listen_address);
    lima_strv_add(ret, nonce);
}

void lima_wsl2_boot_args(uint32_t vsock_port, const char *host, bool make_user, const lima_strv *hosts,
                         lima_strv *ret)
{
    lima_strv_addf(ret, "%u", vsock_port);
    lima_strv_add(ret, *host ? host : "-");
    lima_strv_add(ret, make_user ? guest_user : "");
    for (size_t i = 0; i < hosts->len; i++)
        lima_strv_add(ret, hosts->items[i]);
}

void lima_wsl2_limits_args(uint32_t cpus, uint64_t memory, uint32_t uid, const char *distro, lima_strv *ret)
{
    lima_strv_addf(ret, "%u", cpus);
    lima_strv_addf(ret, "%llu", (unsigned long long)memory);
    lima_strv_addf(ret, "%u", uid);
    lima_strv_add(ret, distro);
}
