#!/bin/sh
# The network over hvsocket, in a VM that has no network adapter: installs a helper, which is a service of systemd from the
# next boot on, so that the network is there before anything asks for it, and starts it. With an adapter there is nothing to do.
set -u
helper=/usr/local/lib/lima-hyperv-network.py
pid=/run/lima-hyperv-network.pid
unit=/etc/systemd/system/lima-hyperv-network.service

tell() {   # on the console too, which the host keeps in serial.log: without a network nobody sees anything else
    echo "lima-hyperv-network: $*" >&2
    { echo "lima-hyperv-network: $*" >/dev/console; } 2>/dev/null || :
}

# The adapter that Lima's configuration expects: systems configure devices by it.
mac() {
    sed -n "s/.*macaddress: *['\"]*\\([0-9A-Fa-f:]\\{17\\}\\).*/\\1/p" "${LIMA_CIDATA_MNT:-/mnt/lima-cidata}/network-config" 2>/dev/null | head -n 1
}

adapter() {
    for device in /sys/class/net/*/device; do
        [ -e "$device" ] && return 0
    done
    return 1
}

running() {
    if [ -d /run/systemd/system ]; then
        systemctl --quiet is-active lima-hyperv-network.service
    else
        [ -e "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null
    fi
}

python=$(command -v python3) || {
    adapter || tell "this guest has no python3, which its network needs: take an image that has it, or set vmOpts.hyperv.network to hcn"
    exit 0
}
mkdir -p "${helper%/*}"
umask 022
cat >"$helper.new" <<'LIMA_HELPER'
@network.py@
LIMA_HELPER
running || "$python" "$helper.new" --needed || { rm -f "$helper.new"; exit 0; }
changed=0
cmp -s "$helper.new" "$helper" || changed=1
mv -f "$helper.new" "$helper"
mac=$(mac)

if [ ! -d /run/systemd/system ]; then
    running || "$python" "$helper" --mac "$mac" --background "$pid" </dev/null >>/var/log/lima-hyperv-network.log 2>&1
    exit 0
fi

cat >"$unit.new" <<UNIT
[Unit]
Description=Network over hvsocket (Lima)
DefaultDependencies=no
RequiresMountsFor=${helper%/*}
After=local-fs.target systemd-modules-load.service
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target

[Service]
Type=notify
ExecStart=$python $helper --mac "$mac"
Restart=on-failure
RestartSec=2
TimeoutStartSec=30

[Install]
WantedBy=multi-user.target
UNIT
cmp -s "$unit.new" "$unit" || changed=1
mv -f "$unit.new" "$unit"
[ "$changed" = 0 ] || systemctl daemon-reload
systemctl --quiet enable lima-hyperv-network.service
if [ "$changed" = 1 ]; then
    systemctl restart lima-hyperv-network.service
else
    systemctl start lima-hyperv-network.service
fi || tell "the service lima-hyperv-network did not start; see: journalctl -u lima-hyperv-network"
exit 0
