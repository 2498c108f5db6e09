"""The root file system for READY: the stand-in's (fakes/wsl/make-rootfs), and what Lima's boot scripts and its guest agent need besides.

There is no systemd, since the stand-in's distributions have none; but the scripts know OpenRC, and of that they call little: the three
commands below start the guest agent as a service script of theirs says. socat carries bytes between wsl.exe's standard handles and the
guest agent's socket, which is the driver's way to it where the VM's id is not told.
"""
import importlib.machinery
import importlib.util
import os
import pathlib
import sys
import tempfile

MAKE_ROOTFS = pathlib.Path(__file__).resolve().parent.parent / "fakes" / "wsl" / "make-rootfs"
PACKAGES, PROGRAMS = ["socat", "coreutils"], ["usr/bin/socat", "usr/bin/install"]
FILES = {
    # openrc-run SCRIPT start|stop|status. The script sets variables, in which it names its own configuration's.
    "sbin/openrc-run": """#!/bin/sh
script=$1 pid_file=/run/$(basename "$1").pid
RC_SVCNAME=$(basename "$script")
[ ! -r "/etc/conf.d/$RC_SVCNAME" ] || . "/etc/conf.d/$RC_SVCNAME"
. "$script"
case $2 in
status) kill -0 "$(cat "$pid_file" 2>/dev/null)" 2>/dev/null ;;
stop) kill "$(cat "$pid_file")"; rm -f "$pid_file" ;;
start) eval "setsid $command $command_args" </dev/null >>"/var/log/$RC_SVCNAME.log" 2>&1 & echo $! >"$pid_file" ;;
esac
""",
    "sbin/rc-update": "#!/bin/sh\nexit 0\n",
    # rc-service --ifstarted|--ifstopped NAME ACTION
    "sbin/rc-service": """#!/bin/sh
running=0
/sbin/openrc-run "/etc/init.d/$2" status || running=$?
case $1:$running in
--ifstarted:0) [ "$3" != restart ] || /sbin/openrc-run "/etc/init.d/$2" stop; /sbin/openrc-run "/etc/init.d/$2" start ;;
--ifstopped:0 | --ifstarted:*) exit 0 ;;
*) /sbin/openrc-run "/etc/init.d/$2" "$3" ;;
esac
""",
}
FOLDERS = ["etc/init.d", "etc/conf.d"]


def recipe():
    """make-rootfs as a module of ours, with more to put in."""
    loader = importlib.machinery.SourceFileLoader("make_rootfs", str(MAKE_ROOTFS))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("make_rootfs", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    module.ROOTS += PACKAGES
    module.PROGRAMS += PROGRAMS
    module.FOLDERS += FOLDERS
    module.FILES.update(FILES)
    module.MODES.update({name: 0o755 for name in FILES})
    return module


def guest():
    """The path of the tar; made once per version of the recipe."""
    make = recipe()
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "lima-drivers"
    here = pathlib.Path(__file__).read_bytes()
    out = cache / f"wsl-lima-guest-{make.stamp()}-{make.hashlib.sha256(here).hexdigest()[:8]}.tar"
    if not out.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder) / "tree"
            tree.mkdir()
            make.fill(make.unpack(make.packages(), pathlib.Path(folder)), tree)
            make.applets(tree)
            make.furnish(tree)
            make.archive(tree, out)
    return out


if __name__ == "__main__":
    print(guest())
