/* What runs in the guest, as POSIX sh text (dash, busybox ash, bash). No script contains a value: values
 * come as $1, $2, …, which need no quoting (lima_wsl2_argv_sh), or on standard input. All run as root, with
 * / as the working folder. Lines meant for the driver begin with "lima "; anything else is noise of the
 * guest. None ends with 67 or 87 on purpose, which wsl.exe would take for its own (facts: wsl.md 1.2): what
 * a program ended with is printed, and the script ends with 0. All texts are static, none is longer than 8
 * KiB. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"
#include "driver/driver.h"

#define WSL2_GUEST_RUN "/run/lima-wsl2"         /* our files in the guest, gone with its boot */
#define WSL2_GUEST_CIDATA "/mnt/lima-cidata"    /* limactl looks for it there */
#define WSL2_GUEST_LOG "/var/log/lima-init.log" /* output of boot.sh, as Lima's own driver has it */

/* One look at the guest before it is set up; read the answer with lima_wsl2_guest_parse (guest.h).
 * Arguments: uid wanted, user name ("0", "" when not needed). */
const char *lima_wsl2_script_probe(void);

/* Writes standard input, which must have $3 bytes, to file $1 with mode $2 ("0644"): all or nothing, for a
 * wsl.exe that is killed looks like an end of input. Ends with 0, or 1 and a reason on stderr. */
const char *lima_wsl2_script_write(void);
/* Prints file $1 up to $2 bytes; a missing one is empty. */
const char *lima_wsl2_script_read(void);

/* Replaces WSL2_GUEST_CIDATA by the tar archive on standard input, whose last entry must be the empty file
 * WSL2_CIDATA_LAST (one that was cut off has none); only root can read it. Ends with 0, or 1 and a reason on
 * stderr. */
#define WSL2_CIDATA_LAST ".lima-complete"
const char *lima_wsl2_script_cidata(void);

/* Keeps the distribution alive as long as its standard input is open, and serves SSH meanwhile.
 * Arguments: port, listen address, nonce (hex).
 * It starts an sshd of its own with a configuration of its own (keys only, password never; the nonce in the
 * banner), and leaves the guest's own sshd alone. It prints
 *     lima keeper PID                  first of all
 *     lima sshd ready                  listening
 *     lima sshd failed WORDS           not; the keeper stays, SSH by WSL2_WAY_STDIO may still work
 * Then it reads lines: "ping N" is answered by "lima pong N", before which an sshd that has ended is started
 * again (with one of the lines above; so ping now and then), "stop" begins a clean stop: sshd and known services
 * end, everything is written to disk, "lima stopped". The end of input is a clean stop, too, and then the end of
 * everything that was started by way of the keeper or of lima_wsl2_script_boot and would keep the distribution alive
 * (services of systemd do not), and ends with 0. */
const char *lima_wsl2_script_keeper(void);

/* A clean stop without the keeper (left running by a driver that died): the same, at once. No arguments. */
const char *lima_wsl2_script_stop(void);

/* One SSH connection on standard input and output, by the configuration the keeper has made. */
const char *lima_wsl2_script_sshd_stdio(void);

/* Corrects in the boot data what limactl cannot know (where the agent listens, where Windows is), puts names into
 * /etc/hosts, makes the user where Lima does not, and runs WSL2_GUEST_CIDATA/boot.sh, output to WSL2_GUEST_LOG, no
 * standard input. Then "lima boot STATUS", and for a status other than 0 up to 20 lines "lima log TEXT" of the
 * log's end. Arguments: lima_wsl2_boot_args. */
const char *lima_wsl2_script_boot(void);

/* Limits for what was started by the keeper and for the user's sessions, by cgroup v2.
 * Arguments: cpus (0: no limit), memory in bytes (0: no limit), uid, distribution's name.
 * Prints "lima limit cpu ok", "lima limit cpu failed WORDS", the same with memory. */
const char *lima_wsl2_script_limits(void);

/* Standard input and output to the Unix socket $1 in the guest, with whichever tool is there (socat, nc -U,
 * python3, perl). Without any: "lima relay missing" on stderr, end with 1. */
const char *lima_wsl2_script_relay(void);

/* The script that limactl puts among its own in boot/: makes the user, her keys, sudo, as cloud-init would.
 * May run again on every boot. */
const lima_boot_script *lima_wsl2_script_user(void);

/* Arguments for the scripts, NULL-terminated as lima_wsl2_argv_sh takes them. */
void lima_wsl2_keeper_args(uint16_t port, const char *listen_address, const char *nonce, lima_strv *ret);
/* `vsock_port` 0: the guest agent listens on its Unix socket. `host`: Windows' address, "": none. `make_user`: Lima
 * will not run lima_wsl2_script_user. `hosts`: "ADDRESS NAME". */
void lima_wsl2_boot_args(uint32_t vsock_port, const char *host, bool make_user, const lima_strv *hosts,
                         lima_strv *ret);
void lima_wsl2_limits_args(uint32_t cpus, uint64_t memory, uint32_t uid, const char *distro, lima_strv *ret);
