# shellcheck shell=sh
# Keeps the distribution alive while standard input is open, and serves SSH with an sshd of its own.
# $1: port, $2: listen address, $3: nonce for the banner. Without arguments: a clean stop at once.
# At the end of its input, which is the end of who started it, nothing that came by way of wsl.exe stays: it would keep
# the distribution alive, with nobody to know of it.
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
    [ -z "$stopped" ] || return 0
    stopped=1
    sync
    pid=$(cat "$run/sshd.pid" 2>/dev/null)
    [ -z "$pid" ] || kill "$pid" 2>/dev/null
    stop_services
    sync
    say stopped
}

# Fields of /proc/PID/stat from the third on, which follow the program's name.
fields() {
    read -r stat 2>/dev/null <"/proc/$1/stat" && stat=${stat##*) }
}

# "PID START" of the relays of WSL whose commands are ours: they adopt what these leave behind.
live_relays() {
    while read -r pid began; do
        # shellcheck disable=SC2086
        fields "$pid" && set -- $stat && [ "${20}" = "$began" ] && [ "$pid" -gt 1 ] && printf '%s ' "$pid"
    done 2>/dev/null <"$run/relays"
}

# Everything below them in $found, themselves included.
find_below() {
    found=" $1" more=1
    while [ -n "$more" ]; do
        more=
        for folder in /proc/[0-9]*; do
            pid=${folder#/proc/}
            case $found in *" $pid "*) continue ;; esac
            fields "$pid" || continue
            parent=${stat#* }
            case ${stat%% *}$found in [!Z]*" ${parent%% *} "*) found="$found$pid " more=1 ;; esac
        done
    done
}

# Signal $1 for all of them but the relays and this script's shells; false: nobody is left.
signal_below() {
    read -r self _ </proc/self/stat
    relays=$(live_relays) any=1
    find_below "$relays"
    for pid in $found; do
        case " $relays$$ $self " in *" $pid "*) continue ;; esac
        kill "-$1" "$pid" 2>/dev/null && any=0
    done
    return $any
}

end_all() {
    trap : HUP PIPE
    stop
    signal_below TERM || return 0
    for _ in 1 2 3 4 5; do
        sleep 0.1
        signal_below 0 || return 0
    done
    signal_below KILL
}

stopped=
[ $# -ge 3 ] || { stop && exit 0; }
# When whoever listened is gone, neither that nor the last words must end this before its work is done.
trap : HUP PIPE
say keeper $$
mkdir -p "$run" && chmod 0700 "$run" && echo $$ >"$run/keeper.pid"
echo "$PPID $(sed 's/.*) //' /proc/$PPID/stat | cut -d ' ' -f 20)" >"$run/relays"
start_sshd "$1" "$2" "$3"
while read -r word rest; do
    case $stopped$word in
    ping)
        look_after_sshd
        say pong "$rest"
        ;;
    stop) stop ;;
    esac
done
# In the background: WSL gives a command whose wsl.exe has gone little time.
end_all &
wait
exit 0
