#!/usr/bin/env python3
"""The same life with every language Windows has WSL in, with every generation of wsl.exe, and in folders whose names are traps for quoting:
import, a failure, start, stop, removal.

usage: sweep.py languages|profiles|paths
"""
import sys

from place import FAKE, VERSIONS, Computer, Instance, programs_there, rootfs
from tap import Plan

sys.path.insert(0, str(FAKE))
from wslsim.languages import LANGUAGES  # noqa: E402

IMAGE = rootfs()
PREFIXES = ["a&b ", "$HOME", "%T% ^", "`x` (1);", "漢字", "\U0001f600 ", "-d "]
BROKEN = "verb=run : vhd-corrupt"


def life(pc, fault, *words, snapshots=()):
    """The environment of a user who has other plans with wsl.exe."""
    vm = Instance(pc, image=IMAGE)
    vm.create(WSL_UTF8="0", WSLENV="PATH/u", WSL_DISABLE_WARNINGS="1")
    assert vm.status() == "Stopped"
    vm.write_env()
    pc.faults(fault)
    said = vm.start_fails()
    assert all(word in said for word in words) and "4294967295" not in said, said
    pc.faults()
    assert vm.status() == "Stopped"
    session = vm.start()
    assert vm.status() == "Running" and " lima-" in vm.banner()
    vm.stop()
    assert session.last()["success"] and vm.status() == "Stopped" and pc.running() == []
    for method in snapshots:
        vm.call(method + "Snapshot", {"tag": "one"})
    vm.call("Delete")
    assert pc.registered() == []
    pc.faults("verb=list : encoding=utf16")
    assert vm.status() == "Uninitialized"
    pc.faults()


def language(name):
    """No distribution before, and UTF-16 in the failure."""
    with Computer(language=name) as pc:
        life(pc, BROKEN + " encoding=utf16", "WSL_E_DISK_CORRUPTED", "the file system on its disk is damaged")


def profile(name):
    """Codes as numbers in 0.64, none in the box."""
    words = [] if name == "inbox" else ["the disk file is in use"]
    with Computer(profile=name, language="de") as pc:
        life(pc, "verb=run : vhd-locked", *words, snapshots=("Create", "Apply", "Delete"))


def path(prefix):
    with Computer(prefix=prefix) as pc:
        life(pc, BROKEN, "WSL_E_DISK_CORRUPTED")


def main():
    programs_there()
    plan = Plan()
    kind = sys.argv[1]
    function, names = {"languages": (language, LANGUAGES), "profiles": (profile, VERSIONS), "paths": (path, PREFIXES)}[kind]
    for name in names:
        plan.case(f"{kind}: {name}", lambda: function(name))
    plan.end()


if __name__ == "__main__":
    main()
