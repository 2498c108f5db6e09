#!/usr/bin/env python3
"""SIGKILL to the hyperv driver and the host agent at every step: the next limactl command tells the truth, the next start works.

usage: hyperv_kill.py GENERATION

A fault rule of the double lets one operation take a minute, so that a kill hits the driver inside that step for certain, not by luck.
"""
import atexit
import json
import sys

from hypervbox import HypervBox
from winebox import Background
from tap import Plan

NAME = "vm"
DRIVER = "lima-driver-hypervx"
box = HypervBox(sys.argv[1])
atexit.register(box.close)
plan = Plan()


def calls(name):
    path = box.state / "calls.log"
    return [one for one in map(json.loads, path.read_text().splitlines()) if one["call"] == name] if path.exists() else []


def caught(call, *words):
    """Runs limactl until the operation is under way."""
    before = len(calls(call))
    box.faults(f"call={call} : delay-later=60000")
    running = Background(box, *words)
    assert box.wait_until(lambda: len(calls(call)) > before, 120), f"the moment to kill never came: {call}"
    return running


def kill_all(*names):
    for name in names:
        box.kill(name)
    box.faults()


def is_true():
    def agrees():
        return (box.status(NAME) == "Stopped") == (not box.systems())
    assert box.wait_until(agrees, 60), (box.status(NAME), box.systems())


def recovered():
    """Whatever is left: stop --force, then start to READY."""
    box.limactl("stop", "--force", NAME, check=False)
    assert box.wait_until(lambda: box.status(NAME) in ("Stopped", "Broken"), 60), box.status(NAME)
    box.start(NAME)
    assert box.shell(NAME, "echo alive").stdout.strip() == "alive"


def killed_in_start():
    box.create(NAME)
    running = caught("HcsStartComputeSystem", "start", NAME)
    kill_all(DRIVER, "hostagent")
    running.join()
    is_true()
    recovered()


def is_reached():
    return box.limactl("shell", "--workdir", "/", NAME, "echo", "alive", check=False, timeout=60).stdout.strip() == "alive"


def killed_while_running():
    """The VM is not tied to its driver, and the host agent does not notice. Any command that needs a driver brings one, and with it the
    ways into the guest."""
    box.kill(DRIVER)
    assert box.status(NAME) == "Running"
    box.limactl("snapshot", "list", NAME)
    assert box.wait_until(is_reached, 60), box.logs()


def killed_again():
    """Now nobody brings it back: `stop --force` ends the host agent, and the next start what it has left."""
    box.kill(DRIVER)
    recovered()


def host_agent_killed():
    box.kill("hostagent")
    assert box.wait_until(lambda: not box.systems(), 180), box.systems()
    is_true()


def killed_in_live_snapshot():
    recovered()     # the host agent's PID file is left: limactl.exe refuses to start over it
    running = caught("HcsSaveComputeSystem", "snapshot", "create", "--tag", "one", NAME)
    kill_all(DRIVER)
    running.join()
    tags = box.limactl("snapshot", "list", "--quiet", NAME).stdout.split()
    assert set(tags) <= {"one"}, tags
    recovered()


def killed_in_stop():
    running = caught("HcsShutDownComputeSystem", "stop", NAME)
    kill_all(DRIVER, "hostagent")
    running.join()
    box.limactl("stop", "--force", NAME, check=False)
    assert box.wait_until(lambda: box.status(NAME) == "Stopped" and not box.systems(), 120), (box.status(NAME), box.systems())


def killed_in_delete():
    running = Background(box, "delete", NAME)
    box.wait_until(box.driver_servers, 30)
    kill_all(DRIVER)
    running.join()
    if (box.lima_home / NAME).exists():
        box.limactl("delete", "--force", NAME)
    assert box.wait_until(lambda: not box.processes(), 60), box.processes()
    assert box.systems() == [] and box.report()["endpoints"] == [], box.report()


for text, function, fatal in (
        ("driver and host agent killed in start: the next start works", killed_in_start, True),
        ("driver killed while running: the next command's driver takes over", killed_while_running, False),
        ("driver killed while running: the next start works", killed_again, True),
        ("host agent killed: the VM is stopped", host_agent_killed, False),
        ("driver killed in a live snapshot: the next start works", killed_in_live_snapshot, False),
        ("driver and host agent killed in stop: ends Stopped", killed_in_stop, False),
        ("driver killed in delete: nothing is left", killed_in_delete, False)):
    plan.case(text, function, fatal=fatal)
plan.end()
