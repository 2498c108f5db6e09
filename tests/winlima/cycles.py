#!/usr/bin/env python3
"""Create, start, stop, delete, again and again: no process, file, registry key or handle more than after the first rounds.

usage: cycles.py GENERATION [COUNT]     the issue asks for 200; the tests run a few
"""
import atexit
import sys

from wslbox import WslBox
from growth import no_growth
from tap import Plan

GENERATION, COUNT = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
SLACK = 8           # handles of Wine's own services come and go
NAME = "vm"
box = WslBox(GENERATION)
atexit.register(box.close)
plan = Plan()
counts = []


def cycle():
    box.create(NAME)
    box.start(NAME)
    box.limactl("stop", NAME)
    box.delete(NAME)
    assert box.wait_until(lambda: not box.processes(), 60), box.processes()
    box.wsl("--shutdown")       # the VM would stay for a minute, and with it wslhost.exe
    counts.append({**box.counts(), "registry": box.registry_keys()})


for number in range(1, COUNT + 1):
    plan.case(f"round {number}", cycle, fatal=True)
plan.case("no growth", lambda: no_growth(counts, SLACK))
plan.end()
