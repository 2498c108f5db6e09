#!/usr/bin/env python3
"""The life of WSL2 instances: a stock limactl.exe, our driver, the wsl.exe stand-in, real ssh into the real root file system.

usage: lifecycle.py GENERATION     a series such as 2.1, or 'newest', under Wine; or 'real': this very Windows, without stand-ins
"""
import atexit
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import shell_cases  # noqa: E402
from tap import Plan  # noqa: E402


def open_box(where):
    """Imported here: the one runs only on Linux, the other is for Windows."""
    if where == "real":
        from realbox import RealBox
        return RealBox()
    from wslbox import WslBox
    return WslBox(where)


ONE, TWO = "one", "two"
box = open_box(sys.argv[1])
atexit.register(box.close)
plan = Plan()


def driver_is_offered():
    out = box.limactl("create", "--list-drivers").stdout
    assert box.alias in out.split(), out


def create():
    box.create(ONE)
    assert box.status(ONE) == "Stopped"
    assert box.registered() == [f"lima-{ONE}"]


def create_left_no_server():
    assert box.wait_until(lambda: not box.driver_servers(), 30), box.driver_servers()


def delete_right_after_create():
    box.delete(ONE)
    assert box.registered() == []
    create()


def start():
    box.start(ONE)
    assert box.status(ONE) == "Running"


def start_of_a_running_one_says_so():
    assert "already running" in box.limactl("start", ONE).stderr


def snapshot_create_and_list():
    box.shell(ONE, "echo before >/home/dev/mark; sync")
    box.limactl("stop", ONE)
    box.limactl("snapshot", "create", "--tag", "first", ONE)
    assert box.limactl("snapshot", "list", "--quiet", ONE).stdout.split() == ["first"]


def snapshot_apply_brings_the_content_back():
    box.start(ONE)
    box.shell(ONE, "echo after >/home/dev/mark; sync")
    box.limactl("stop", ONE)
    box.limactl("snapshot", "apply", "--tag", "first", ONE)
    box.start(ONE)
    assert box.shell(ONE, "cat /home/dev/mark").stdout.strip() == "before"


def two_at_once():
    box.create(TWO, user={"name": "dev", "home": "/home/dev"})
    box.start(TWO)
    names = {name: box.shell(name, "hostname").stdout.strip() for name in (ONE, TWO)}
    assert names == {name: f"lima-{name}" for name in (ONE, TWO)}, names
    uids = {box.shell(name, "id -u").stdout.strip() for name in (ONE, TWO)}
    assert len(uids) == 2, uids
    assert sorted(box.running()) == [f"lima-{ONE}", f"lima-{TWO}"]


def stop_of_one_leaves_the_other():
    box.limactl("stop", TWO)
    assert (box.status(ONE), box.status(TWO)) == ("Running", "Stopped")
    assert box.shell(ONE, "echo here").stdout.strip() == "here"
    box.delete(TWO)


def shutdown_by_another_program_is_noticed():
    threading.Thread(target=lambda: box.wsl("--shutdown")).start()
    assert box.wait_until(lambda: box.status(ONE) == "Stopped", 60), box.status(ONE)
    assert box.wait_until(lambda: not box.processes(), 60), box.processes()
    start()


def stop():
    box.limactl("stop", ONE)
    assert box.status(ONE) == "Stopped"
    assert box.running() == []
    log = (box.lima_home / ONE / "ha.stderr.log").read_text(errors="replace")
    assert "did not exit after" not in log, log


def stop_left_nothing():
    assert box.wait_until(lambda: not box.processes(), 60), box.processes()


def delete_leaves_nothing():
    box.delete(ONE)
    assert box.registered() == []
    assert not [key for key in box.registry_keys() if "{" in key], box.registry_keys()
    stop_left_nothing()


for name, function, fatal in (
        ("the driver is offered", driver_is_offered, True), ("create", create, True),
        ("create leaves no driver server", create_left_no_server, False), ("delete right after create", delete_right_after_create, True),
        ("start to READY, with the guest agent", start, True), ("shell gives output and exit status", lambda: shell_cases.gives_output_and_status(box, ONE), False),
        ("shell carries bytes both ways", lambda: shell_cases.carries_bytes(box, ONE), False),
        ("copy both ways", lambda: shell_cases.copies_both_ways(box, ONE), False),
        ("start of a running instance says so", start_of_a_running_one_says_so, False),
        ("snapshot create and list", snapshot_create_and_list, False),
        ("snapshot apply brings the content back", snapshot_apply_brings_the_content_back, False),
        ("two instances at once", two_at_once, False), ("stop of one leaves the other", stop_of_one_leaves_the_other, False),
        ("wsl --shutdown by another program is noticed, the next start works", shutdown_by_another_program_is_noticed, False),
        ("stop", stop, False), ("stop leaves no process", stop_left_nothing, False), ("delete leaves nothing", delete_leaves_nothing, False)):
    plan.case(name, function, fatal=fatal)
plan.end()
