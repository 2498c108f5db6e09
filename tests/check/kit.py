#!/usr/bin/env python3
"""`limadrv check` on one of our drivers, with a guest of 34 bytes: it boots at once and obeys the power button.

usage: kit.py DRIVER     prints the kit's own TAP
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# Boot sector, real mode: 'B' to the serial port; enable and await the ACPI power button (PM1a status 0x600, enable 0x602);
# then soft-off through PM1a control 0x604. The ports are those of QEMU's q35 machine.
BOOT = bytes([
    0xBA, 0xF8, 0x03, 0xB0, ord("B"), 0xEE,
    0xBA, 0x02, 0x06, 0xB8, 0x00, 0x01, 0xEF, 0xBA, 0x00, 0x06,
    0xED, 0xF6, 0xC4, 0x01, 0x74, 0xFA,
    0xBA, 0x04, 0x06, 0xB8, 0x00, 0x20, 0xEF, 0xF4, 0xEB, 0xFD])


def make_guest(folder):
    raw = folder / "disk.raw"
    raw.write_bytes((BOOT.ljust(510, b"\0") + b"\x55\xaa").ljust(1 << 20, b"\0"))
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, folder / "disk.qcow2"], check=True)
    raw.unlink()


def main():
    programs = Path(os.environ["LIMA_BIN"])
    with tempfile.TemporaryDirectory(prefix="kit") as folder:
        make_guest(Path(folder))
        # Drivers that the kit kills leave their folders to whoever owns TMPDIR.
        return subprocess.run([programs / "limadrv", "check", "--vm", folder, programs / sys.argv[1]], check=False,
                              env=dict(os.environ, TMPDIR=folder)).returncode


sys.exit(main())
