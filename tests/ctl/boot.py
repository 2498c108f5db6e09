#!/usr/bin/env python3
"""limadrv run with a real guest, through our QEMU driver."""
import os
import shutil
import sys
from pathlib import Path

from place import BIN, Plan, Place, check, skip_all


def find_guest():
    named = os.environ.get("LIMA_TEST_GUEST")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "lima-drivers"
    for folder in [Path(named)] if named else sorted(cache.glob("guest-*")) + [Path("/opt/guest/fast")]:
        if all((folder / file).exists() for file in ("disk.qcow2", "vmlinuz", "initrd")):
            return folder
    return skip_all("no guest: set LIMA_TEST_GUEST, or run tests/guest/make-guest")


def command_runs_and_its_status_comes_back(place, guest):
    before = (guest / "disk.qcow2").stat()
    done = check(place.run("run", guest, "--user", "ada", "--timeout", "8m", "--", "sh", "-c", "uname -s; id -un; cat; exit 7",
                           input="from here\n", stdin=None, timeout=800), 7, "Ready", "Stopped")
    assert done.stdout == "Linux\nada\nfrom here\n", done.stdout
    after = (guest / "disk.qcow2").stat()
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    assert place.leftovers() == []


def main():
    if not (BIN / "lima-driver-qemu").exists():
        skip_all("lima-driver-qemu is not built")
    for tool in ("qemu-system-x86_64", "qemu-img", "ssh", "ssh-keygen"):
        if not shutil.which(tool):
            skip_all(f"{tool} is not installed")
    guest = find_guest()
    plan = Plan()
    with Place() as place:
        plan.case("command_runs_and_its_status_comes_back", lambda: command_runs_and_its_status_comes_back(place, guest))
    plan.end()


sys.exit(main())
