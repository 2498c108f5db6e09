# shellcheck shell=sh
# Mounts the host's folders that the line above this names (drivers/hyperv/mounts.h). The work is that of mounts.py: a
# mount over vsock begins with a socket, and mount(8) cannot hand one over.
for python in python3 /usr/libexec/platform-python ''; do
    command -v "$python" >/dev/null 2>&1 && break
done
if [ -z "$python" ]; then
    echo "hyperv mounts: mountType 9p needs Python 3 in the guest, which has none; install python3 there, or set mountType to reverse-sshfs" >&2
    exit 1
fi
exec "$python" -I - "$0" <<'PYTHON'
@mounts.py@
PYTHON
