#!/usr/bin/env python3
"""Create, start, stop, delete, again and again: no process, file, registry key or handle more than after the first rounds.

usage: cycles.py GENERATION [COUNT]     the issue asks for 200; the tests run a few
"""
import atexit
import pathlib
import sys

from wslbox import WslBox
from prefix import command_line_of, environment_of
from tap import Plan

GENERATION, COUNT = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
WARM = 2            # rounds until caches are filled
SLACK = 8           # handles of Wine's own services come and go
NAME = "vm"
box = WslBox(GENERATION)
atexit.register(box.close)
plan = Plan()
counts = []


def wine_servers():
    mark = f"WINEPREFIX={box.prefix.folder}".encode()
    return [entry for entry in pathlib.Path("/proc").glob("[0-9]*") if mark in environment_of(entry.name)]


def count():
    """Handles of all of Wine are descriptors of its server. Files of Temp are limactl's own."""
    procs = wine_servers()
    files = sorted(str(path.relative_to(box.prefix.drive_c)) for path in box.prefix.drive_c.rglob("*")
                   if "Temp" not in path.parts and "lima" != path.relative_to(box.prefix.drive_c).parts[0])
    return {"handles": sum(len(list((p / "fd").iterdir())) for p in procs if "wineserver" in command_line_of(p.name)),
            "threads": sum(len(list((p / "task").iterdir())) for p in procs), "processes": len(procs), "files": files,
            "registry": box.registry_keys()}


def cycle():
    box.create(NAME)
    box.start(NAME)
    box.limactl("stop", NAME)
    box.delete(NAME)
    assert box.wait_until(lambda: not box.processes(), 60), box.processes()
    box.wsl("--shutdown")       # the VM would stay for a minute, and with it wslhost.exe
    counts.append(count())


def no_growth():
    warm, last = counts[min(WARM, COUNT) - 1], counts[-1]
    assert last["files"] == warm["files"], sorted(set(last["files"]) ^ set(warm["files"]))
    assert last["registry"] == warm["registry"], (warm["registry"], last["registry"])
    for what in ("handles", "threads", "processes"):
        print(f"# {what}: {[one[what] for one in counts]}")
        assert last[what] <= warm[what] + SLACK, (what, warm[what], last[what])


for number in range(1, COUNT + 1):
    plan.case(f"round {number}", cycle, fatal=True)
plan.case("no growth", no_growth)
plan.end()
