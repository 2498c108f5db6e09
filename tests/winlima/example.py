#!/usr/bin/env python3
"""The life of an instance with the example driver, whose VM is a sleeping process: what the SDK alone owes limactl.exe on Windows.

usage: example.py GENERATION     a series such as 2.1, or 'newest'
"""
import atexit
import sys

from winebox import Background, WineBox
from tap import Plan

NAME = "vm"
box = WineBox(sys.argv[1], "lima-driver-example", "example")
atexit.register(box.close)
plan = Plan()
folder = box.lima_home / NAME
waiting = None
(box.images / "disk.raw").write_bytes(bytes(1 << 20))


def create():
    box.limactl("create", "--name", NAME, box.config("disk.raw", disk="4MiB"))
    assert box.status(NAME) == "Stopped"


def driver_is_offered():
    out = box.limactl("create", "--list-drivers").stdout
    assert box.alias in out.split(), out


def delete():
    box.delete(NAME)


def no_server_is_left():
    assert box.wait_until(lambda: not box.driver_servers(), 30), box.driver_servers()


def start():
    """As far as it goes without anybody who answers SSH: the VM runs, limactl waits."""
    global waiting  # pylint: disable=global-statement
    old = {pid for pid, _ in box.processes("sleep 1000000")}
    waiting = Background(box, "start", NAME)
    assert box.wait_until(lambda: {pid for pid, _ in box.processes("sleep 1000000")} - old and box.status(NAME) == "Running", 120), box.logs()
    return old


def start_runs_the_vm():
    start()


def snapshots_are_refused():
    done = box.limactl("snapshot", "create", "--tag", "one", NAME, check=False)
    assert done.returncode != 0 and "snapshot" in done.stderr, done.stderr


def stop():
    box.limactl("stop", NAME)
    assert box.status(NAME) == "Stopped"
    assert waiting.join().returncode != 0


def stop_left_nothing():
    assert box.wait_until(lambda: not box.processes(), 60), box.processes()


def driver_ended_in_time():
    log = (folder / "ha.stderr.log").read_text(errors="replace")
    assert "did not exit after" not in log, log


def killed_driver_leaves_the_vm():
    start()
    assert box.kill(box.driver.name)
    assert box.status(NAME) == "Running", box.status(NAME)
    assert box.kill("hostagent")
    assert box.status(NAME) == "Broken", box.status(NAME)       # a VM, but nobody who cares for it
    waiting.join()


def next_start_and_stop_end_it():
    box.limactl("stop", "--force", NAME, check=False)       # removes the pid files, which on Windows count as alive without it
    old = start()
    assert not old & {pid for pid, _ in box.processes("sleep 1000000")}
    stop()
    stop_left_nothing()


plan.case("the driver is offered", driver_is_offered, fatal=True)
plan.case("create", create, fatal=True)
plan.case("delete right after create", delete)
plan.case("create again", create, fatal=True)
plan.case("create leaves no driver server", no_server_is_left)
plan.case("start runs the VM", start_runs_the_vm, fatal=True)
plan.case("snapshots are refused with a text", snapshots_are_refused)
plan.case("stop", stop)
plan.case("stop leaves no process", stop_left_nothing)
plan.case("the driver ended before limactl lost patience", driver_ended_in_time)
plan.case("driver and host agent killed while the VM runs: list is true", killed_driver_leaves_the_vm)
plan.case("the next start ends that VM first", next_start_and_stop_end_it)
plan.case("delete", delete)
plan.case("no process of the box is left", stop_left_nothing)
plan.end()
