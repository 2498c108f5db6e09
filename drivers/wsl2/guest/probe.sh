# shellcheck shell=sh
# The guest as it is before it is set up. $1: uid wanted, $2: user name.
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
say() { printf 'lima %s\n' "$*"; }

[ -d /run/systemd/system ] && say systemd runs
for program in /lib/systemd/systemd /usr/lib/systemd/systemd /run/current-system/systemd/lib/systemd/systemd; do
    [ -x "$program" ] && say systemd installed && break
done
for tool in sshd tar sudo bash; do
    command -v "$tool" >/dev/null 2>&1 && say has "$tool"
done
say arch "$(uname -m)"
# shellcheck source=/dev/null
[ -r /etc/os-release ] && (. /etc/os-release && say os "$ID") 2>/dev/null

if [ -x /bin/wslinfo ]; then
    say network "$(/bin/wslinfo --networking-mode -n 2>/dev/null)"
    say vm "$(/bin/wslinfo --vm-id -n 2>/dev/null)"
fi
# shellcheck disable=SC1003
drive=$(/bin/wslpath -u 'C:\' 2>/dev/null) && say drive "$drive"
ip -4 -o addr show eth0 2>/dev/null | while read -r _ _ _ address _; do
    say address "${address%%/*}"
    break
done
ip -4 route show default 2>/dev/null | while read -r _ via gateway _; do
    [ "$via" = via ] && say gateway "$gateway" && break
done

while IFS=: read -r name _ uid _; do
    [ "$uid" = "$1" ] && say uid-owner "$name"
    [ "$name" = "$2" ] && say user-uid "$uid"
done </etc/passwd
for table in /proc/net/tcp /proc/net/tcp6; do
    [ -r "$table" ] && while read -r _ local _ state _; do
        [ "$state" = 0A ] && say listen "${local##*:}"
    done <"$table"
done
say end
exit 0
