# shellcheck shell=sh
# Lima's boot scripts, with their output in the log. $1: vsock port of the guest agent, 0: it listens on a Unix socket;
# $2: Windows as seen from here, "-" when it is not; $3: script that makes the user, "" when it is among Lima's;
# $4 ...: lines for /etc/hosts.
export LIMA_CIDATA_MNT=/mnt/lima-cidata
run=/run/lima-wsl2
log=/var/log/lima-init.log
env=$LIMA_CIDATA_MNT/lima.env
vsock=$1 host=$2 make_user=$3
shift 3
say() { printf 'lima %s\n' "$*"; }

# Standard input becomes the content of $1, whose owner and mode stay.
replace() {
    cat >"$1.lima-tmp" && cat "$1.lima-tmp" >"$1"
    rm -f "$1.lima-tmp"
}

# limactl takes it that the host answers at an address of QEMU's network, and the agent on the port it was told.
correct() {
    [ -f "$1" ] || return
    expected=$(sed -n 's/^LIMA_CIDATA_SLIRP_GATEWAY=\([0-9.]\{7,15\}\)$/\1/p' "$env" | sed 's/\./\\./g')
    changes="s/^LIMA_CIDATA_VSOCK_PORT=.*/LIMA_CIDATA_VSOCK_PORT=$vsock/"
    if [ "$host" != - ] && [ -n "$expected" ]; then
        changes="$changes;s/$expected\$/$host/;s/$expected\([^0-9.]\)/$host\1/g"
    fi
    sed -e "$changes" "$1" | replace "$1"
}

# Names of the host; WSL writes the file anew at each start of the distribution, unless it was told not to.
name_hosts() {
    touch /etc/hosts
    { grep -v -e ' # lima$' -e '[[:blank:]]host\.lima\.internal$' /etc/hosts; [ $# -eq 0 ] || printf '%s # lima\n' "$@"; } | replace /etc/hosts
}

# In plain mode Lima runs no scripts of drivers.
make_the_user() {
    while IFS= read -r line; do
        [ -z "$line" ] || export "${line?}"
    done <"$env"
    sh -c "$make_user" </dev/null
}

mkdir -p /var/log "$run"
[ ! -e "$log" ] || [ "$(wc -c <"$log")" -le 4194304 ] || mv -f "$log" "$log.1"
echo "$PPID $(sed 's/.*) //' /proc/$PPID/stat | cut -d ' ' -f 20)" >>"$run/relays"
status=0
{
    correct "$LIMA_CIDATA_MNT/etc_environment"
    correct "$env"
    name_hosts "$@"
    [ -z "$make_user" ] || (make_the_user) || status=1
} >>"$log" 2>&1
"$LIMA_CIDATA_MNT/boot.sh" </dev/null >>"$log" 2>&1 || status=$?
if [ $status -ne 0 ]; then
    tail -n 20 "$log" | while IFS= read -r line; do
        say log "$line"
    done
fi
say boot $status
exit 0
