#!/usr/bin/env python3
"""`limadrv check` on the wsl2 driver, on a computer of the stand-in's. Prints the kit's own TAP."""
import subprocess
import sys

from place import DRIVER, LIMADRV, Computer, programs_there

if __name__ == "__main__":
    programs_there()
    with Computer() as pc:
        done = subprocess.run([LIMADRV, "check", DRIVER], env=pc.env(LIMA_DRIVER_LOG=None), stdin=subprocess.DEVNULL, check=False)
    sys.exit(done.returncode)
