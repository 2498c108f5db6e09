# shellcheck shell=sh
# Lima's boot scripts, with their output in the log.
export LIMA_CIDATA_MNT=/mnt/lima-cidata
log=/var/log/lima-init.log
say() { printf 'lima %s\n' "$*"; }

mkdir -p /var/log
[ ! -e "$log" ] || [ "$(wc -c <"$log")" -le 4194304 ] || mv -f "$log" "$log.1"
"$LIMA_CIDATA_MNT/boot.sh" </dev/null >>"$log" 2>&1
status=$?
if [ $status -ne 0 ]; then
    tail -n 20 "$log" | while IFS= read -r line; do
        say log "$line"
    done
fi
say boot $status
exit 0
