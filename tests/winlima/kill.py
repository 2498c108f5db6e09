#!/usr/bin/env python3
"""SIGKILL to driver, keeper, wsl.exe and host agent at every step: the next limactl command tells the truth, the next start works.

usage: kill.py GENERATION [short]     short: the driver killed in import, while running and in delete

A fault rule of the stand-in lets one call of wsl.exe hang until that is killed: so a kill hits the driver inside that step for certain,
and the call is never carried out afterwards, in the middle of another case.
"""
import atexit
import sys

from winebox import Background
from wslbox import WslBox
from tap import Plan

NAME = "vm"
DRIVER = "lima-driver-wsl2x"
box = WslBox(sys.argv[1])
atexit.register(box.close)
plan = Plan()


def caught(verb, *words):
    """Runs limactl until its driver waits inside `verb`."""
    box.faults(f"verb={verb} call=1 : hang")
    running = Background(box, *words)
    assert box.wait_until(lambda: running.done or (box.driver_servers() and verb_runs(verb)), 120), "the moment to kill never came"
    assert not running.done, f"over before the moment to kill: {running.done}"
    return running


def verb_runs(verb):
    return box.processes("wsl.exe", f"--{verb}" if verb != "run" else "--exec")


def kill_all(*names):
    for name in names:
        box.kill(name)
    box.faults()


def is_true():
    """A guest's own daemons may keep it alive without us: then it is not Stopped."""
    def agrees():
        return (box.status(NAME) == "Stopped") == (not box.running())
    assert box.wait_until(agrees, 30), (box.status(NAME), box.running())


def recovered():
    """Whatever is left: stop --force, then start to READY, then stop."""
    box.limactl("stop", "--force", NAME, check=False)
    assert box.wait_until(lambda: box.status(NAME) in ("Stopped", "Broken"), 60), box.status(NAME)
    box.start(NAME)
    assert box.shell(NAME, "echo alive").stdout.strip() == "alive"


def killed_in_import():
    running = caught("import", "create", "--name", NAME, box.config("rootfs.tar"))
    kill_all(DRIVER, "--import")
    assert running.join().returncode != 0
    assert box.status(NAME) in (None, "Stopped", "Broken", "Uninitialized"), box.status(NAME)
    box.limactl("delete", "--force", NAME)
    box.create(NAME)
    assert box.status(NAME) == "Stopped"


def killed_in_start():
    box.limactl("stop", NAME)
    running = caught("run", "start", NAME)
    kill_all(DRIVER, "hostagent", "wsl.exe")
    running.join()
    assert box.wait_until(lambda: box.status(NAME) in ("Stopped", "Broken"), 60), box.status(NAME)
    recovered()


def driver_killed_while_running():
    if box.status(NAME) == "Stopped":
        box.start(NAME)
    assert box.keepers()
    box.kill(DRIVER)
    assert box.wait_until(lambda: not box.keepers(), 90), box.keepers()     # its end is the keeper's
    is_true()
    recovered()


def keeper_killed_while_running():
    assert box.keepers()
    for pid, _ in box.keepers():
        box.kill_process(pid)
    assert box.wait_until(lambda: box.status(NAME) == "Stopped", 90), box.status(NAME)
    recovered()


def every_wsl_killed_while_running():
    box.kill("wsl.exe")
    assert box.wait_until(lambda: box.status(NAME) == "Stopped", 90), box.status(NAME)
    recovered()


def host_agent_killed_ends_the_vm():
    box.kill("hostagent")
    assert box.wait_until(lambda: not box.keepers(), 120), box.keepers()
    is_true()
    recovered()


def killed_in_stop():
    running = caught("terminate", "stop", NAME)
    kill_all(DRIVER, "wsl.exe")
    box.wait_until(lambda: box.status(NAME) != "Running", 60)
    box.kill("hostagent")
    running.join()
    box.limactl("stop", "--force", NAME, check=False)
    assert box.wait_until(lambda: box.status(NAME) == "Stopped", 60), box.status(NAME)


def killed_in_snapshot():
    running = Background(box, "snapshot", "create", "--tag", "one", NAME)
    assert box.wait_until(box.driver_servers, 60)
    box.kill(DRIVER)
    running.join()
    tags = box.limactl("snapshot", "list", "--quiet", NAME).stdout.split()
    assert set(tags) <= {"one"}, tags
    recovered()
    box.limactl("stop", NAME)


def killed_in_delete():
    box.limactl("stop", NAME, check=False)      # the case before may have left it either way
    running = caught("unregister", "delete", NAME)
    kill_all(DRIVER, "wsl.exe")
    running.join()
    if (box.lima_home / NAME).exists():
        box.limactl("delete", "--force", NAME)
    assert box.registered() == []
    assert box.wait_until(lambda: not box.processes(), 60), box.processes()


EVERY_RUN = [
    ("driver and wsl.exe killed in import: create works", killed_in_import, True),
    ("driver killed while running: the guest stops, the next start works", driver_killed_while_running, False)]
SWEEP = [
    ("driver, wsl.exe and host agent killed in start: the next start works", killed_in_start, True),
    ("keeper killed while running: Stopped, the next start works", keeper_killed_while_running, False),
    ("every wsl.exe killed while running", every_wsl_killed_while_running, False),
    ("host agent killed: the guest is stopped", host_agent_killed_ends_the_vm, False),
    ("driver killed in stop: ends Stopped", killed_in_stop, False),
    ("driver killed in snapshot create", killed_in_snapshot, False)]
LAST = [("driver killed in delete: nothing is left", killed_in_delete, False)]

for name, function, fatal in EVERY_RUN + ([] if sys.argv[2:] else SWEEP) + LAST:
    plan.case(name, function, fatal=fatal)
plan.end()
