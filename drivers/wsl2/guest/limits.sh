# shellcheck shell=sh
# $1: cpus, $2: bytes of memory (0: no limit), $3: uid, $4: name of the distribution. Two places: a cgroup of our own
# for what the keeper has started, and with systemd the slice of the user, who is no other distribution's.
run=/run/lima-wsl2
root=/sys/fs/cgroup
group=$root/lima/$4
say() { printf 'lima limit %s\n' "$*"; }

set_limit() { # KIND FILE VALUE PROPERTY
    if ! [ -e $root/cgroup.controllers ]; then
        say "$1" failed "the guest has no cgroup v2"
    elif ! echo "$3" 2>/dev/null >"$group/$2"; then
        say "$1" failed "$group/$2 cannot be written"
    elif [ -d /run/systemd/system ] && ! systemctl set-property --runtime "user-$uid.slice" "$4" 2>/dev/null; then
        say "$1" failed "systemd does not set $4"
    else
        say "$1" ok
    fi
}

cpus=$1 memory=$2 uid=$3
if [ -e $root/cgroup.controllers ]; then
    echo '+cpu +memory' 2>/dev/null >$root/cgroup.subtree_control
    mkdir -p "$group"
    echo '+cpu +memory' 2>/dev/null >$root/lima/cgroup.subtree_control
    for name in keeper sshd; do
        pid=$(cat $run/$name.pid 2>/dev/null) && echo "$pid" 2>/dev/null >"$group/cgroup.procs"
    done
fi
[ "$cpus" -eq 0 ] || set_limit cpu cpu.max "$((cpus * 100000)) 100000" "CPUQuota=$((cpus * 100))%"
[ "$memory" -eq 0 ] || set_limit memory memory.max "$memory" "MemoryMax=$memory"
exit 0
