"""The hyperv driver, natively, upon the double for the service (tests/fakes/hcs), whose VMs are played. What is left of a start is the driver's
own share, and the double's: documents, disks, network, some twenty calls over a socket to Python."""
import os
import pathlib
import subprocess
import sys
import time

from vm import Skip

TESTS = pathlib.Path(__file__).resolve().parent.parent


def until_first_line(instance, method):
    """Milliseconds of `limadrv call` until it prints the first line of the answer."""
    begin = time.monotonic()
    with subprocess.Popen([instance.limadrv, "call", "--socket", instance.socket, method], env=instance.computer.env(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        line = child.stdout.readline()
        taken = (time.monotonic() - begin) * 1000
        if method != "Start":
            child.wait()
        elif b"true" not in line:
            raise SystemExit(f"bench: the hyperv driver does not start: {line} {instance.log_text()}")
        else:
            child.terminate()
    return taken


def measure(bench):
    folder = bench.limadrv.parent
    os.environ.update(LIMA_BIN=str(folder), LIMA_TESTBIN=str(folder.parent / "testbin"))
    sys.path.insert(0, str(TESTS / "drivers" / "hyperv"))
    import place
    if not place.DRIVER.exists():
        raise Skip(f"{place.DRIVER} is not built")
    result = {"hyperv-validate": bench.empty(), "hyperv-start": bench.empty()}
    for _ in range(bench.repeat):
        with place.Computer(prefix="b") as computer:
            instance = place.Instance(computer)
            instance.limadrv = bench.limadrv
            instance.create()
            client = until_first_line(instance, "Info")
            result["hyperv-validate"]["ours"].append(until_first_line(instance, "Validate") - client)
            result["hyperv-start"]["ours"].append(until_first_line(instance, "Start") - client)
            instance.call("Stop")
    return result
