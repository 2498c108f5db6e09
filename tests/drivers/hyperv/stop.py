#!/usr/bin/env python3
"""Shutting a guest down over SSH, where Windows has no shutdown service for VMs (schema before 2.5) or the guest none that answers.
The user's ssh is a script here, which does as its first words say."""
import json
import os
import pathlib
import signal
import sys
import threading

from place import FAKE, Computer, Instance, main, until

SSH = """#!{python}
import json, pathlib, subprocess, sys, time
root = pathlib.Path({root!r})
words = sys.argv[1:]
with open(root / "ssh.log", "a") as log:
    log.write(json.dumps(words) + chr(10))
say, code = (root / "ssh.does").read_text().split(":")
if "down" in say:
    for system in (root / "state/systems").iterdir():
        subprocess.run([{hcssimd!r}, "tell", root / "state", "exit", json.loads(system.read_text())["id"]], check=True, stdout=subprocess.DEVNULL)
if "hang" in say:
    (root / "ssh.hangs").touch()
    time.sleep(600)
if "refused" in say:
    print("ssh: connect to host: Connection refused", file=sys.stderr)
sys.exit(int(code))
"""


def ssh_of(pc, does):
    (pc.root / "bin").mkdir(exist_ok=True)
    program = pc.root / "bin" / "ssh"
    program.write_text(SSH.format(python=sys.executable, root=str(pc.root), hcssimd=str(FAKE / "hcssimd")))
    program.chmod(0o755)
    (pc.root / "ssh.does").write_text(does)
    pc.extra["PATH"] = f"{pc.root / 'bin'}:{os.environ['PATH']}"


def calls_of(pc):
    log = pc.root / "ssh.log"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def stopped(pc):
    """An instance that was started and stopped, with nothing left."""
    vm = Instance(pc)
    vm.up()
    vm.call("Stop")
    assert vm.status() == "Stopped"
    pc.empty(networks=1)
    return vm


def was_forced(vm):
    return "forced off" in vm.log_text()


def before_2_5_the_guest_is_shut_down_over_ssh():
    with Computer(schema="2.3") as pc:
        ssh_of(pc, "down:0")
        vm = Instance(pc)
        session = vm.up()
        address = vm.log_text().rpartition("its address is ")[2].split()[0]
        vm.call("Stop")
        assert session.last()["success"], session.events
        assert not was_forced(vm) and vm.status() == "Stopped", vm.log_text()
        assert calls_of(pc) == [["-F", str(vm.dir / "ssh.config"), "-o", f"HostName={address}", "-o", "Port=22", "-o", "ConnectTimeout=10", "-o",
                                 "ControlMaster=no", "lima-dev", "sudo", "-n", "poweroff"]], calls_of(pc)
        pc.empty(networks=1)


def without_an_address_ssh_goes_to_the_door():
    with Computer(schema="2.3") as pc:
        ssh_of(pc, "down:0")
        vm = Instance(pc, vmOpts={"hyperv": {"network": "hvsocket"}})
        vm.up()
        vm.end_driver(signal.SIGKILL)       # the next one opens it for the purpose
        vm.start_driver()
        vm.call("Stop")
        assert not was_forced(vm) and vm.status() == "Stopped", vm.log_text()
        assert calls_of(pc)[0][2:6] == ["-o", "HostName=127.0.0.1", "-o", f"Port={vm.port}"], calls_of(pc)
        pc.empty(networks=0)


def a_connection_that_the_guest_cuts_is_no_failure():
    with Computer(schema="2.3") as pc:
        ssh_of(pc, "down:255")
        vm = stopped(pc)
        assert not was_forced(vm), vm.log_text()


def a_guest_that_takes_no_connection_is_forced_off_with_the_reason():
    with Computer(schema="2.3") as pc:
        ssh_of(pc, "refused:255")
        vm = stopped(pc)
        text = vm.log_text()
        assert was_forced(vm) and "no shutdown service" in text and "Connection refused" in text, text


def without_a_program_ssh_it_is_forced_off():
    with Computer(schema="2.3", env={"SSH": "/missing/ssh"}) as pc:
        vm = stopped(pc)
        assert was_forced(vm) and "/missing/ssh" in vm.log_text(), vm.log_text()


def words_in_the_environment_are_taken():
    with Computer(schema="2.3") as pc:
        ssh_of(pc, "down:0")
        pc.extra["SSH"] = f'"{pc.root / "bin" / "ssh"}" -v'
        vm = stopped(pc)
        assert not was_forced(vm) and calls_of(pc)[0][0] == "-v", vm.log_text()


def a_guest_whose_service_does_not_answer_is_asked_over_ssh():
    with Computer(shutdown="refuse", shutdown_wait="10") as pc:
        ssh_of(pc, "down:0")
        vm = stopped(pc)
        assert not was_forced(vm) and len(calls_of(pc)) == 1, vm.log_text()


def with_the_service_nobody_runs_ssh():
    with Computer() as pc:
        ssh_of(pc, "down:0")
        vm = stopped(pc)
        assert not was_forced(vm) and calls_of(pc) == [], vm.log_text()


def another_process_of_the_driver_finds_the_way_too():
    with Computer(schema="2.3") as pc:
        ssh_of(pc, "down:0")
        vm = Instance(pc)
        vm.up()
        vm.end_driver(signal.SIGKILL)
        vm.start_driver()
        vm.call("Stop")
        assert not was_forced(vm) and len(calls_of(pc)) == 1, vm.log_text()
        pc.empty(networks=1)


def delete_cuts_an_ssh_that_hangs_short():
    with Computer(schema="2.3") as pc:
        ssh_of(pc, "hang:0")
        vm = Instance(pc)
        vm.up()
        stopping = threading.Thread(target=vm.call, args=("Stop",))
        stopping.start()
        until((pc.root / "ssh.hangs").exists, "ssh")
        vm.call("Delete")
        stopping.join()
        assert "cancelled" in vm.log_text(), vm.log_text()
        assert not [path for path in pathlib.Path("/proc").glob("[0-9]*/cmdline") if str(pc.root / "bin/ssh").encode() in contents(path)]
        pc.empty(networks=0)


def contents(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


if __name__ == "__main__":
    main([before_2_5_the_guest_is_shut_down_over_ssh, without_an_address_ssh_goes_to_the_door, a_connection_that_the_guest_cuts_is_no_failure,
          a_guest_that_takes_no_connection_is_forced_off_with_the_reason, without_a_program_ssh_it_is_forced_off, words_in_the_environment_are_taken,
          a_guest_whose_service_does_not_answer_is_asked_over_ssh, with_the_service_nobody_runs_ssh, another_process_of_the_driver_finds_the_way_too,
          delete_cuts_an_ssh_that_hangs_short])
