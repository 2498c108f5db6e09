#!/usr/bin/env python3
"""SIGKILL to the driver in the middle of everything: the next limactl command tells the truth, the next start works.

usage: kill.py GENERATION

Two tools on the driver's way, qemu-img and qemu-system-x86_64, wait while the file `hold` exists: so a kill hits the driver inside
CreateDisk or Start for certain, and not by luck. Plain mode: READY needs no guest agent and comes sooner.
"""
import atexit
import os
import sys

from sandbox import NOBODY, Background, Sandbox
from tap import Plan

GENERATION = sys.argv[1]
NAME = "vm"
box = Sandbox(GENERATION, folder="k")
atexit.register(box.close)
plan = Plan()
hold = box.home / "hold"


def install_holding_tools():
    tools = box.base / "tools"
    tools.mkdir(mode=0o755)
    for name in ("qemu-img", "qemu-system-x86_64"):
        tool = tools / name
        tool.write_text(f"""#!/bin/sh
case "$*" in *snapshot*) ;; *) while [ -e '{hold}' ]; do sleep 0.1; done ;; esac
PATH=${{PATH#*:}} exec {name} "$@"
""")
        tool.chmod(0o755)
    os.environ["PATH"] = f"{tools}:{os.environ['PATH']}"


def put_hold():
    hold.write_text("")
    if os.geteuid() == 0:
        os.chown(hold, NOBODY, NOBODY)


def kill_driver_once_it_runs(*words):
    assert box.wait_until(lambda: box.processes(*words) and box.driver_servers(), 60), "the moment to kill never came"
    assert box.kill(f"lima-driver-{box.alias}")


def killed_in_create_disk():
    put_hold()
    running = Background(box, "create", "--name", NAME, box.config(plain=True))
    kill_driver_once_it_runs("tools/qemu-img")
    hold.unlink()
    assert running.join().returncode != 0
    assert box.status(NAME) in (None, "Stopped"), box.status(NAME)
    box.limactl("delete", "--force", NAME, check=False)
    box.limactl("create", "--name", NAME, box.config(plain=True))
    assert box.status(NAME) == "Stopped"


def killed_in_start():
    put_hold()
    running = Background(box, "start", NAME)
    kill_driver_once_it_runs("tools/qemu-system")
    hold.unlink()
    running.join()
    box.kill("hostagent")
    box.wait_until(lambda: not box.processes("qemu-system"), 10)
    assert box.status(NAME) in ("Stopped", "Broken"), box.status(NAME)
    box.limactl("stop", "--force", NAME, check=False)
    assert box.status(NAME) == "Stopped", box.status(NAME)


def start():
    done = box.limactl("start", NAME)
    assert "READY" in done.stderr, done.stderr


def killed_while_running():
    assert box.kill(f"lima-driver-{box.alias}")
    assert box.status(NAME) == "Running", box.status(NAME)
    assert box.shell(NAME, "echo alive").stdout.strip() == "alive"


def snapshot_after_a_killed_driver():
    box.limactl("snapshot", "create", "--tag", "one", NAME)
    assert "one" in box.limactl("snapshot", "list", NAME).stdout


def killed_in_snapshot():
    running = Background(box, "snapshot", "create", "--tag", "two", NAME)
    box.wait_until(lambda: box.driver_servers(), 20)
    box.kill(f"lima-driver-{box.alias}")
    running.join()
    tags = box.limactl("snapshot", "list", "--quiet", NAME).stdout.split()
    assert "one" in tags and set(tags) <= {"one", "two"}, tags


def stop_after_a_killed_driver():
    box.limactl("stop", "--force", NAME)
    assert box.status(NAME) == "Stopped", box.status(NAME)
    assert box.wait_until(lambda: not box.processes("qemu-system"), 20), box.processes()


def killed_in_stop():
    running = Background(box, "stop", NAME)
    assert box.wait_until(lambda: "stop" in box.logs() or not running.thread.is_alive(), 20)
    box.kill(f"lima-driver-{box.alias}")
    box.kill(f"lima-driver-{box.alias}") if box.driver_servers() else None
    box.wait_until(lambda: not running.thread.is_alive() or box.status(NAME) != "Running", 60)
    box.limactl("stop", "--force", NAME, check=False)
    running.join()
    assert box.status(NAME) == "Stopped", box.status(NAME)


def host_agent_killed_ends_the_vm():
    assert box.kill("hostagent")
    assert box.wait_until(lambda: not box.processes("qemu-system"), 100), "the VM outlived its host agent"
    assert box.status(NAME) == "Stopped", box.status(NAME)


def delete():
    box.limactl("delete", "--force", NAME)
    assert box.wait_until(lambda: not box.processes(), 20), box.processes()


install_holding_tools()
plan.case("killed in CreateDisk: list is true, create works", killed_in_create_disk, fatal=True)
plan.case("killed in Start: list is true", killed_in_start)
plan.case("the next start works", start, fatal=True)
plan.case("killed while running: list says Running, shell works", killed_while_running)
plan.case("snapshots work after the kill", snapshot_after_a_killed_driver)
plan.case("killed in snapshot create: the list is whole", killed_in_snapshot)
plan.case("stop --force after the kill", stop_after_a_killed_driver)
plan.case("the next start works", start, fatal=True)
plan.case("killed in Stop: ends Stopped", killed_in_stop)
plan.case("the next start works", start, fatal=True)
plan.case("host agent killed: the VM is shut down", host_agent_killed_ends_the_vm)
plan.case("delete leaves nothing", delete)
plan.end()
