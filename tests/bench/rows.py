"""The rows of the table. Each function returns {row: {"ours": [one figure per round], "peer": [...]}}; the peer's list is empty without a peer."""
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import hyperv
from vm import Instance, Skip, qemu_of

CROWD = 100
STARTS = 25  # per round: one takes 0.1 s and varies by a fifth
SETTLE = 3  # seconds until a driver that has just started a VM is idle


class Bench:
    def __init__(self, folder, peer, repeat, minute):
        self.limadrv = folder / "limadrv"
        self.drivers = {"ours": folder / "lima-driver-qemu"}
        if peer:
            self.drivers["peer"] = peer
        self.repeat = repeat
        self.minute = minute
        for program in (self.limadrv, self.drivers["ours"]):
            if not program.exists():
                raise SystemExit(f"bench: '{program}' is missing; ./dev build release makes it")

    def empty(self):
        return {"ours": [], "peer": []}


def portable(bench):
    """What limadrv measures itself, on any system."""
    peer = ["--vs", str(bench.drivers["peer"])] if "peer" in bench.drivers else []
    with tempfile.TemporaryDirectory(prefix="b", dir="/tmp") as temp:   # Lima's driver leaves its socket there
        done = subprocess.run([bench.limadrv, "bench", bench.drivers["ours"], *peer, "--json", "--repeat", str(bench.repeat)],
                              env=dict(os.environ, TMPDIR=temp), stdout=subprocess.PIPE, text=True, check=True)
    reply = json.loads(done.stdout)
    return {row: {name: reply["drivers"][i]["rows"][row]["values"] if i < len(reply["drivers"]) else []
                  for i, name in enumerate(("ours", "peer"))} for row in reply["drivers"][0]["rows"]}


def status_number(path, key):
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    return 0


def rss(pid):
    return status_number(pathlib.Path(f"/proc/{pid}/status"), "VmRSS") / 1024


def pss(pid):
    return status_number(pathlib.Path(f"/proc/{pid}/smaps_rollup"), "Pss") / 1024


def switches(pid):
    """Voluntary context switches of each thread: how often it slept, and so was woken."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found[task.name] = status_number(task / "status", "voluntary_ctxt_switches")
    return found


def woken(before, after):
    return sum(count - before.get(task, 0) for task, count in after.items())


def idle(bench):
    """Memory and wake-ups of drivers that look after a VM which does nothing. Both drivers idle through the same minute."""
    qemu_of()
    memory, wakes = bench.empty(), bench.empty()
    for _ in range(bench.repeat):
        with contextlib.ExitStack() as stack:
            running = {name: stack.enter_context(Instance(program, bench.limadrv, name == "peer")) for name, program in bench.drivers.items()}
            for instance in running.values():
                stack.enter_context(instance.started())
            time.sleep(SETTLE)
            before = {name: switches(instance.pid) for name, instance in running.items()}
            time.sleep(bench.minute)
            for name, instance in running.items():
                wakes[name].append(woken(before[name], switches(instance.pid)) / bench.minute)
                memory[name].append(rss(instance.pid))
    return {"rss": memory, "wake-ups": wakes}


def overhead_of(instance):
    """Per cent, from medians of runs in turns; the client's own cost is taken off."""
    instance.learn_command()
    runs = [(instance.time_start(), instance.time_bare(), instance.time_call()) for _ in range(STARTS)]
    with_driver, bare, client = (statistics.median(times) for times in zip(*runs))
    return ((with_driver - client) / bare - 1) * 100


def start_overhead(bench):
    """From the Start call to the end of a VM whose boot sector powers it off, against the same QEMU command without a driver."""
    qemu_of()
    result = bench.empty()
    for _ in range(bench.repeat):
        for name, program in bench.drivers.items():
            try:
                with Instance(program, bench.limadrv, name == "peer", powers_off=True) as instance:
                    result[name].append(overhead_of(instance))
            except Skip as why:
                if name == "ours":
                    raise
                print(f"bench: the peer has no start-overhead: {why}", file=sys.stderr)
    return {"start-overhead": result}


def crowd_of(program):
    children = []
    with tempfile.TemporaryDirectory(prefix="b", dir="/tmp") as root:
        try:
            for i in range(CROWD):
                folder = pathlib.Path(root) / str(i)
                folder.mkdir()
                children.append(subprocess.Popen([program, "--inst-dir", folder], stdin=subprocess.DEVNULL,
                                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            end = time.monotonic() + 60
            while len(list(pathlib.Path(root).glob("*/*.drv.sock"))) < CROWD:
                if time.monotonic() > end:
                    raise Skip(f"only some of {CROWD} drivers '{program}' came up within a minute")
                time.sleep(0.1)
            time.sleep(SETTLE)
            return sum(pss(child.pid) for child in children)
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait()


def crowd(bench):
    result = bench.empty()
    for _ in range(bench.repeat):
        for name, program in bench.drivers.items():
            result[name].append(crowd_of(program))
    return {"crowd": result}


def wait_for(child, argv):
    if child.wait():
        raise SystemExit(f"bench: {' '.join(map(str, argv))}: status {child.returncode}")


def seconds_of(argv):
    begin = time.monotonic()
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        wait_for(child, argv)
    return time.monotonic() - begin


def memory_of(argv):
    """MB at most. wait4() would tell no less than what this program had when it started the other."""
    most = 0
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        while child.poll() is None:
            most = max(most, status_number(pathlib.Path(f"/proc/{child.pid}/status"), "VmHWM") / 1024)
            time.sleep(0.002)
        wait_for(child, argv)
    return most


def image(bench):
    """The same qcow2, from the page cache, into a new VHDX of the same block size on the same disk."""
    guest, qemu_img = os.environ.get("LIMA_TEST_GUEST"), shutil.which("qemu-img")
    if not guest or not qemu_img:
        raise Skip("needs qemu-img, and LIMA_TEST_GUEST with the folder of a guest (./dev bench makes one)")
    source = pathlib.Path(guest) / "disk.qcow2"
    wall, memory = bench.empty(), bench.empty()
    with tempfile.TemporaryDirectory(prefix="b", dir=os.environ.get("TMPDIR", "/var/tmp")) as temp:
        to = pathlib.Path(temp) / "to.vhdx"
        argvs = {"ours": [bench.limadrv, "image", "convert", source, to],
                 "peer": [qemu_img, "convert", "-m", "2", "-W", "-O", "vhdx", "-o", "subformat=dynamic,block_size=1048576", source, to]}
        for measure, figures in ((memory_of, memory), (seconds_of, wall)):      # the first one warms the page cache
            for _ in range(bench.repeat):
                for name, argv in argvs.items():
                    figures[name].append(measure(argv))
                    to.unlink()
    return {"image-convert": wall, "image-memory": memory}


ALL = [
    (("exec-to-accept", "inspect-status", "info-p50", "info-rate", "program-size"), portable),
    (("rss", "wake-ups"), idle),
    (("start-overhead",), start_overhead),
    (("image-convert", "image-memory"), image),
    (("hyperv-validate", "hyperv-start"), hyperv.measure),
    (("crowd",), crowd),
]
