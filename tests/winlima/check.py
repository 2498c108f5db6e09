#!/usr/bin/env python3
"""`limadrv.exe check` on a driver, upon what stands in for Windows; prints the kit's own TAP.

usage: check.py wsl2|hyperv [vm]     vm: also the cases that start an instance. The double's VMs are played, not booted
"""
import shutil
import subprocess
import sys

from winebox import skip, windows

TIMEOUT = 1100


def open_box(driver):
    """(box, the image of an instance, what is left of instances)"""
    if driver == "wsl2":
        from wslbox import WslBox
        one = WslBox("newest")
        return one, lambda path: shutil.copy(one.images / "rootfs.tar", path), one.registered
    from hypervbox import HypervBox
    one = HypervBox("newest", machine="stub")
    return one, make_disk, one.systems


def make_disk(path):
    if not shutil.which("qemu-img"):
        skip("no qemu-img")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "64M"], check=True)


def guest_folder():
    """The kit lays disk.qcow2 down as the instance's `image`, whatever it is."""
    folder = box.base / "guest"
    folder.mkdir()
    image(folder / "disk.qcow2")
    return ["--vm", windows(folder)]


def main():
    report = box.base / "report"
    with report.open("wb") as out:
        code = box.prefix.run(box.bin / "limadrv.exe", "check", windows(box.driver), *(guest_folder() if sys.argv[2:] == ["vm"] else []),
                              out=out, err=out, timeout=TIMEOUT)
    print(report.read_text(encoding="utf-8", errors="replace"))
    assert not left(), left()
    return code


box, image, left = open_box(sys.argv[1])
try:
    status = main()
finally:
    box.close()
sys.exit(status)
