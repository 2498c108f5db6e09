# shellcheck shell=sh
# Keeps the distribution alive while standard input is open, and serves SSH with an sshd of its own.
# $1: port, $2: listen address, $3: nonce for the banner. Without arguments: a clean stop at once.
# sshd is never started with '&': it and all sessions would then ignore Ctrl-C.
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
run=/run/lima-wsl2
say() { printf 'lima %s\n' "$*"; }

write_config() {
    cat <<CONFIG
Port $1
ListenAddress $2
VersionAddendum lima-$3
PidFile $run/sshd.pid
PermitRootLogin prohibit-password
PasswordAuthentication no
PrintMotd no
UseDNS no
MaxSessions 64
MaxStartups 64:30:128
AllowTcpForwarding yes
AllowStreamLocalForwarding yes
X11Forwarding yes
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
CONFIG
    [ ! -e /etc/pam.d/sshd ] || echo "UsePAM yes"
}

make_host_key() {
    for key in /etc/ssh/ssh_host_*_key; do
        [ ! -s "$key" ] || return
    done
    mkdir -p /etc/ssh
    ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key </dev/null >/dev/null 2>&1
}

sshd_failed() {
    say sshd failed "$(tail -n 3 "$run/sshd.log" 2>/dev/null | tr '\r\n' '  ')"
}

# sshd goes into the background by itself, and writes its pid when it listens.
serve() {
    rm -f "$run/sshd.pid"
    : >"$run/sshd.log"
    if ! "$sshd" -f "$run/sshd_config" -E "$run/sshd.log" </dev/null >/dev/null 2>&1; then
        sshd_failed
        return
    fi
    tries=0
    while ! [ -s "$run/sshd.pid" ]; do
        if [ $tries -ge 150 ] || grep -q 'Cannot bind any' "$run/sshd.log"; then
            sshd_failed
            return
        fi
        sleep 0.1
        tries=$((tries + 1))
    done
    say sshd ready
}

start_sshd() {
    sshd=$(command -v sshd)
    if [ -z "$sshd" ]; then
        say sshd failed "the guest has no sshd; take an image with openssh-server"
        return
    fi
    mkdir -p /run/sshd /var/empty && chmod 0755 /run/sshd /var/empty
    echo "$sshd" >"$run/sshd"
    write_config "$@" >"$run/sshd_config"
    make_host_key
    serve
}

# A package upgrade or somebody's killall may have ended it.
look_after_sshd() {
    [ -n "$sshd" ] || return
    pid=$(cat "$run/sshd.pid" 2>/dev/null)
    if [ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null; then
        serve
    fi
}

stop_services() {
    [ ! -d /run/systemd/system ] || return
    for service in docker containerd mysql mariadb postgresql redis-server redis mongod nginx apache2; do
        [ ! -x "/etc/init.d/$service" ] || "/etc/init.d/$service" stop </dev/null >/dev/null 2>&1
    done
}

stop() {
    sync
    pid=$(cat "$run/sshd.pid" 2>/dev/null)
    [ -z "$pid" ] || kill "$pid" 2>/dev/null
    stop_services
    sync
    say stopped
    exit 0
}

[ $# -ge 3 ] || stop
say keeper $$
mkdir -p "$run" && chmod 0700 "$run" && echo $$ >"$run/keeper.pid"
start_sshd "$1" "$2" "$3"
while read -r word rest; do
    case $word in
    ping)
        look_after_sshd
        say pong "$rest"
        ;;
    stop) break ;;
    esac
done
stop
