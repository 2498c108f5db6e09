#!/usr/bin/env python3
"""Every fault of the stand-in during import, status, start and stop: an answer in bounded time that names the cause, no lie about the state, and
after the fault has passed everything works.

usage: faults.py import|status|start|stop
"""
import os
import shutil
import subprocess
import sys

from place import FAKE, Computer, Failed, Instance, programs_there, rootfs, until
from tap import Plan

IMAGE = rootfs()
PERCENT = {"LIMA_WSL_TIMEOUT_PERCENT": 10}      # a hang costs seconds, not minutes
WORKS = None                                    # it does not disturb
ANY = ""                                        # an error of any cause

IMPORT = [
    ("verb=import : fail=WSL_E_IMPORT_FAILED,Service,RegisterDistro", "WSL_E_IMPORT_FAILED"), ("verb=import : import-abort=100000", ANY),
    ("verb=import : disk-full", "ERROR_DISK_FULL"), ("verb=import : hang", "does not answer"), ("verb=import : hang-children", "does not answer"),
    ("verb=import : exit=3", ANY), ("verb=import : stub-missing", ANY), ("verb=import : no-vmp", "WSL_E_VIRTUAL_MACHINE_PLATFORM_REQUIRED"),
    ("verb=import : policy", "ERROR_ACCESS_DISABLED_BY_POLICY"), ("verb=import : garbage=500", WORKS), ("verb=import : delay=500", WORKS),
    ("verb=import : nocode fail=E_FAIL", ANY), ("verb=import : half-key odd-subkey", WORKS),
    ("verb=import : fail=ERROR_ALREADY_EXISTS,Service,RegisterDistro", "ERROR_ALREADY_EXISTS"),
]
STATUS = [
    ("verb=list : hang", "Broken"), ("verb=list : fail=E_FAIL,Service", "Broken"), ("verb=list : nocode fail=E_FAIL", "Broken"),
    ("verb=list : exit=1", "Broken"), ("verb=list : garbage=333", "Broken"), ("verb=list : stub-missing", "Broken"),
    ("verb=list : encoding=utf16", "Stopped"), ("verb=list : encoding=utf16bom", "Stopped"), ("verb=list : encoding=utf8", "Stopped"),
    ("verb=list : encoding=crcrlf", "Stopped"), ("verb=list : warn='proxy is odd'", "Stopped"), ("verb=list : warn-utf8='Größe'", "Stopped"),
    ("verb=list : delay=300", "Stopped"), ("verb=list : state-word=Arrêté", "Stopped"),
]
START = [
    (": delay=200", WORKS), (": encoding=utf16", WORKS), (": encoding=crcrlf", WORKS), (": warn='a proxy is odd'", WORKS),
    (": warn-utf8=ü", WORKS), ("verb=run : stdout-noise='Welcome to Linux'", WORKS), ("verb=run : no-wslinfo", WORKS),
    ("verb=run call=1 : fail=ERROR_SHARING_VIOLATION,Service,CreateInstance,MountDisk,HCS", WORKS),
    ("verb=run : fail=ERROR_SHARING_VIOLATION,Service,CreateInstance,MountDisk,HCS", "ERROR_SHARING_VIOLATION"),
    ("verb=run : hang", "does not answer"), ("verb=run call=2 : hang", "does not answer"), ("verb=run call=4+ : hang", ANY),
    ("verb=run : hang-children", "does not answer"), ("verb=run : exit=9", ANY), ("verb=run : nocode fail=E_FAIL", ANY),
    ("verb=run : text-only=de", ANY), ("verb=run : garbage=700 exit=1", ANY), ("verb=run : truncate=7", ANY),
    ("verb=run : stub-missing", ANY), ("verb=run : no-vmp", "WSL_E_VIRTUAL_MACHINE_PLATFORM_REQUIRED"),
    ("verb=run : no-hyperv", "HCS_E_HYPERV_NOT_INSTALLED"), ("verb=run : no-kernel", "WSL_E_CUSTOM_KERNEL_NOT_FOUND"),
    ("verb=run : policy", "ERROR_ACCESS_DISABLED_BY_POLICY"), ("verb=run : vhd-missing", "ERROR_FILE_NOT_FOUND"),
    ("verb=run : vhd-corrupt", "WSL_E_DISK_CORRUPTED"), ("verb=run : vhd-locked", "ERROR_SHARING_VIOLATION"),
    ("verb=run call=1 : vm-crash=50", ANY), ("verb=run call=1 : external-shutdown=50", ANY),
]
STOP = [
    ("verb=terminate call=1 : terminate-noop", WORKS), ("verb=terminate : terminate-noop", "runs on although"),
    ("verb=terminate : hang", "does not answer"), ("verb=terminate : terminate-slow=500", WORKS),
    ("verb=terminate : fail=E_FAIL,Service", ANY), ("verb=terminate call=1 : fail=E_ILLEGAL_STATE_CHANGE,Service", WORKS),
    ("verb=list : hang", "does not answer"), ("verb=list : garbage=300", ANY), ("verb=terminate : garbage=300", WORKS),
    ("verb=terminate : encoding=utf16", WORKS), ("verb=terminate : nocode fail=E_FAIL", ANY),
]


def judge(outcome, failure):
    if outcome is WORKS:
        assert failure is None, failure
        return
    if failure is None:
        assert outcome == ANY, "it succeeded"
        return
    text = str(failure)
    assert outcome in text and len(text) > 60, text
    assert "4294967295" not in text and "exit status 255" not in text, text


def attempt(function, *words):
    try:
        function(*words)
    except Failed as failure:
        return failure
    return None


def works(vm):
    session = vm.start(ssh=False)
    assert vm.status() == "Running"
    vm.stop()
    assert session.last()["success"], session.events
    assert vm.status() == "Stopped" and vm.computer.running() == []


def gone(vm):
    vm.call("Delete")
    assert vm.computer.registered() == [] and not (vm.dir / "ext4.vhdx").exists()


class Phase:
    """One computer and one instance for all rules of a phase, as long as the cases pass."""

    def __init__(self):
        self.pc = self.vm = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.pc:
            self.pc.__exit__(None)

    def fresh(self):
        self.pc = Computer()
        self.vm = Instance(self.pc, image=IMAGE)
        self.vm.start_driver(**PERCENT)
        if not isinstance(self, Import):
            self.vm.call("CreateDisk")

    def case(self, rule, outcome):
        if self.pc is None:
            self.fresh()
        pc, done = self.pc, False
        try:
            self.run(pc, self.vm, rule, outcome)
            done = True
        finally:
            pc.faults()
            if not done:
                self.pc = None
                pc.__exit__(AssertionError)


class Import(Phase):
    def run(self, pc, vm, rule, outcome):
        if "no-" in rule or "policy" in rule:
            until(lambda: not pc.vm_runs(), "the VM's end")
        if vm.driver.poll() is not None:        # it has answered Delete
            vm.end_driver()
            vm.start_driver(**PERCENT)
        shutil.copyfile(IMAGE, vm.dir / "image")
        pc.faults(rule)
        failure = attempt(vm.call, "CreateDisk")
        judge(outcome, failure)
        pc.faults()
        if failure:
            assert pc.registered() == [] and not (vm.dir / "ext4.vhdx").exists(), failure
            vm.call("CreateDisk")
        assert vm.status() == "Stopped"
        gone(vm)
        (vm.dir / "wsl2.json").unlink()
        until(lambda: vm.driver.poll() is not None, "the driver's end")


class Status(Phase):
    def run(self, pc, vm, rule, outcome):
        pc.faults(rule)
        assert vm.status(**PERCENT) == outcome
        pc.faults()
        assert vm.status() == "Stopped"


class Start(Phase):
    def run(self, pc, vm, rule, outcome):
        if "no-" in rule or "policy" in rule:
            until(lambda: not pc.vm_runs(), "the VM's end")
        vm.write_env()
        pc.faults(rule)
        failure = attempt(vm.start, False)
        judge(outcome, failure)
        pc.faults()
        if failure is None:
            vm.stop()
        else:
            until(lambda: vm.status() == "Stopped", "rest")
            works(vm)


class Stop(Phase):
    def run(self, pc, vm, rule, outcome):
        vm.start(ssh=False)
        pc.faults(rule)
        judge(outcome, attempt(vm.stop))
        pc.faults()
        vm.stop()
        assert vm.status() == "Stopped" and pc.running() == []


def program_that_cannot_be_run():
    with Computer() as pc:
        alias = pc.root / "wsl"
        subprocess.run([FAKE / "wslsimd", "alias", alias], check=True, env=pc.env())
        vm = Instance(pc, image=IMAGE)
        pc.extra["LIMA_WSL_EXE"] = alias
        vm.start_driver()
        vm.fails("CreateDisk", str(alias))


def program_missing():
    with Computer() as pc:
        pc.extra["LIMA_WSL_EXE"] = pc.root / "nothing"
        vm = Instance(pc, image=IMAGE)
        vm.start_driver()
        vm.fails("CreateDisk", "LIMA_WSL_EXE")
        pc.extra["LIMA_WSL_EXE"] = ""
        vm.end_driver()
        vm.start_driver()
        vm.fails("CreateDisk", "wsl --install")
        vm.call("Delete")


PHASES = {"import": (Import, IMPORT), "status": (Status, STATUS), "start": (Start, START), "stop": (Stop, STOP)}


def main():
    programs_there()
    name = sys.argv[1]
    plan = Plan()
    kind, rules = PHASES[name]
    with kind() as phase:
        for rule, outcome in rules:
            if os.environ.get("CASE", "") in rule:
                plan.case(f"in {name}: {rule}", lambda rule=rule, outcome=outcome: phase.case(rule, outcome))
    if name == "import":
        plan.case("program_missing", program_missing)
        plan.case("program_that_cannot_be_run", program_that_cannot_be_run)
    plan.end()


if __name__ == "__main__":
    main()
