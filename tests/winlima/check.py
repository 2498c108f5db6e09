#!/usr/bin/env python3
"""`limadrv.exe check` on the wsl2 driver, upon the wsl.exe stand-in; prints the kit's own TAP.

usage: check.py [vm]     vm: also the cases that start an instance, from the stand-in's root file system
"""
import shutil
import sys

from winebox import windows
from wslbox import WslBox

TIMEOUT = 1100
box = WslBox("newest")


def guest_folder():
    """The kit lays disk.qcow2 down as the instance's `image`, whatever it is: here a tar archive, as limactl does for WSL."""
    folder = box.base / "guest"
    folder.mkdir()
    shutil.copy(box.images / "rootfs.tar", folder / "disk.qcow2")
    return ["--vm", windows(folder)] if sys.argv[1:] == ["vm"] else []


def main():
    report = box.base / "report"
    with report.open("wb") as out:
        code = box.prefix.run(box.program.with_name("limadrv.exe"), "check", windows(box.driver), *guest_folder(), out=out, err=out,
                              timeout=TIMEOUT)
    print(report.read_text(encoding="utf-8", errors="replace"))
    assert not box.registered(), box.registered()
    return code


try:
    status = main()
finally:
    box.close()
sys.exit(status)
