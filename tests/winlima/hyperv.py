#!/usr/bin/env python3
"""The life of Hyper-V instances: a stock limactl.exe, our driver, the double for the Host Compute Service, whose VMs are real in QEMU.

usage: hyperv.py GENERATION [short]     a series such as 2.1, or 'newest'; short: one boot
"""
import atexit
import os
import socket
import sys
import unittest
import urllib.request

from hypervbox import HypervBox
from relay import SFTP_SERVER
import shell_cases
from tap import Plan

ONE, OTHERS = "one", ("two", "three")
with socket.create_server(("127.0.0.1", 0)) as free:
    WEB = free.getsockname()[1]
box = HypervBox(sys.argv[1])
atexit.register(box.close)
plan = Plan()


def driver_is_offered():
    out = box.limactl("create", "--list-drivers").stdout
    assert box.alias in out.split(), out


def create():
    shared = box.prefix.drive_c / "shared ü"
    shared.mkdir()
    (shared / "from the host").write_text("host")
    box.create(ONE, mounts=[{"location": "C:\\shared ü", "mountPoint": "/mnt/shared", "writable": True}])
    assert box.status(ONE) == "Stopped"
    box.nothing_left()


def start():
    box.start(ONE)
    assert box.status(ONE) == "Running"


def console_is_in_serial_log():
    text = (box.lima_home / ONE / "serial.log").read_text(errors="replace")
    assert "login:" in text or "lima" in text, text[-500:]


def host_folder_is_mounted():
    if box.version < (2, 2) and not os.access(SFTP_SERVER, os.X_OK):
        raise unittest.SkipTest(f"limactl 2.1 takes folders for Git's sftp-server alone; no {SFTP_SERVER} to stand for it")
    assert box.shell(ONE, "cat '/mnt/shared/from the host'").stdout == "host"
    box.shell(ONE, "echo guest >/mnt/shared/back")
    assert (box.prefix.drive_c / "shared ü" / "back").read_text() == "guest\n"


def port_is_forwarded_while_it_is_used():
    box.shell(ONE, f"echo forwarded >/tmp/page; cd /tmp; nohup python3 -m http.server {WEB} --bind 127.0.0.1 >/dev/null 2>&1 </dev/null &")

    def page():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{WEB}/page", timeout=20) as answer:
                return answer.read().decode()
        except OSError:
            return None
    assert box.wait_until(page, 120) == "forwarded\n"
    box.shell(ONE, "pkill -f 'http[.]server'")


def live_snapshot_brings_memory_and_disk_back():
    box.shell(ONE, "echo before | sudo tee /root/mark /run/mark; sync; nohup sleep 54321 >/dev/null 2>&1 </dev/null &")
    box.limactl("snapshot", "create", "--tag", "live", ONE)
    assert box.status(ONE) == "Running"
    box.shell(ONE, "pkill -f 'sleep 5432[1]'; echo after | sudo tee /root/mark /run/mark; sync")
    box.limactl("snapshot", "apply", "--tag", "live", ONE)
    assert box.shell(ONE, "pgrep -fc '^sleep 54321'; sudo cat /root/mark").stdout.split() == ["1", "before"]


def snapshots_are_a_list():
    assert box.limactl("snapshot", "list", "--quiet", ONE).stdout.split() == ["live"]


def three_at_once():
    for name in OTHERS:
        box.create(name)
    running = [box.start(name) for name in OTHERS]
    assert len(running) == len(box.systems()) - 1 == 2
    names = {name: box.shell(name, "hostname").stdout.strip() for name in (ONE, *OTHERS)}
    assert names == {name: f"lima-{name}" for name in names}, names
    addresses = {box.shell(name, "hostname -I").stdout.split()[0] for name in names}
    assert len(addresses) == 3, addresses


def stop_of_two_leaves_the_other():
    for name in OTHERS:
        box.limactl("stop", name)
        box.delete(name)
    assert box.status(ONE) == "Running"
    assert box.shell(ONE, "echo here").stdout.strip() == "here"


def stop():
    box.limactl("stop", ONE)
    assert box.status(ONE) == "Stopped"
    box.nothing_left(networks=1)
    log = (box.lima_home / ONE / "ha.stderr.log").read_text(errors="replace")
    assert "did not exit after" not in log, log


def snapshot_of_a_stopped_one():
    box.limactl("snapshot", "create", "--tag", "cold", ONE)
    tags = box.limactl("snapshot", "list", "--quiet", ONE).stdout.split()
    assert tags == ["live", "cold"], tags


def start_after_snapshot_apply():
    box.limactl("snapshot", "apply", "--tag", "live", ONE)
    box.limactl("start", ONE, check=False, timeout=900)
    assert box.status(ONE) == "Running"
    assert box.shell(ONE, "sudo cat /root/mark").stdout.split() == ["before"]
    box.limactl("stop", ONE)


def snapshots_are_deleted():
    for tag in ("live", "cold"):
        box.limactl("snapshot", "delete", "--tag", tag, ONE)
    assert not box.limactl("snapshot", "list", "--quiet", ONE).stdout.split()
    left = [path.name for path in (box.lima_home / ONE).glob("hyperv.snapshot*.*hd*")]
    assert not left, left


def delete_leaves_nothing():
    box.delete(ONE)
    box.nothing_left()
    assert box.wait_until(lambda: not box.processes(), 60), box.processes()


def no_shell_was_started():
    """By anything: limactl, its host agents, our driver."""
    assert {"ssh"} <= box.relay.tools, box.relay.tools
    assert not box.shells_started(), box.shells_started()
    box.prefix.run("cmd", "/c", "exit")
    assert box.shells_started() == {"cmd"}, "the tripwire does not work"


FIRST = [
    ("the driver is offered", driver_is_offered, True), ("create", create, True), ("start to READY, with the guest agent", start, True),
    ("the console is in serial.log", console_is_in_serial_log, False),
    ("shell gives output and exit status", lambda: shell_cases.gives_output_and_status(box, ONE), False),
    ("a folder of the host is mounted, writable", host_folder_is_mounted, False),
    ("a port of the guest is forwarded", port_is_forwarded_while_it_is_used, False),
    ("a live snapshot brings memory and disk back", live_snapshot_brings_memory_and_disk_back, False),
    ("snapshot list", snapshots_are_a_list, False)]
MORE = [
    ("shell carries bytes both ways", lambda: shell_cases.carries_bytes(box, ONE), False),
    ("copy both ways", lambda: shell_cases.copies_both_ways(box, ONE), False),
    ("three instances at once", three_at_once, False), ("stop of two leaves the other", stop_of_two_leaves_the_other, False)]
SNAPSHOTS = [
    ("a snapshot of a stopped instance", snapshot_of_a_stopped_one, False),
    ("the next start goes on from an applied snapshot", start_after_snapshot_apply, False),
    ("snapshots are deleted", snapshots_are_deleted, False)]
SHORT = sys.argv[2:] == ["short"]

for text, function, fatal in [*FIRST, *([] if SHORT else MORE), ("stop", stop, False), *([] if SHORT else SNAPSHOTS),
                              ("delete leaves nothing", delete_leaves_nothing, False), ("no shell was started", no_shell_was_started, False)]:
    plan.case(text, function, fatal=fatal)
plan.end()
