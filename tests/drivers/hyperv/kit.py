#!/usr/bin/env python3
"""`limadrv check` on the hyperv driver, on a computer of the double's. Prints the kit's own TAP."""
import subprocess
import sys

from place import DRIVER, LIMADRV, Computer, programs_there

if __name__ == "__main__":
    programs_there()
    with Computer(prefix="hk") as pc:
        done = subprocess.run([LIMADRV, "check", DRIVER, *sys.argv[1:]], env=pc.env(LIMA_DRIVER_LOG=None), stdin=subprocess.DEVNULL, check=False)
    sys.exit(done.returncode)
