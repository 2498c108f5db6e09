#!/usr/bin/env python3
"""Faults that a test asks for, and the traces the double keeps (README.md)."""
import json
import os
import queue
import subprocess
import sys
import uuid

from host import FAKE, codes, document, main, refused, until


def the_nth_call_fails(pc):
    pc.rules("call=HcsGetServiceProperties nth=2 : fail=0x80070005")
    pc.hcs.call("HcsGetServiceProperties")
    with refused(codes.E_ACCESSDENIED):
        pc.hcs.call("HcsGetServiceProperties")
    pc.hcs.call("HcsGetServiceProperties")


def at_once_or_in_the_operation(pc):
    vm = str(uuid.uuid4())
    handle = pc.hcs.create(vm, pc.kernel_document(vm))
    pc.rules("call=HcsStart* nth=1 : fail=0x8007000E words='no memory today'", "call=HcsStart* nth=2 : fail-later=0x8007000E")
    for early in (True, False):
        with refused(codes.E_OUTOFMEMORY, "no memory today" if early else ""):
            try:
                pc.hcs.do("Start", handle)
            except Exception as refusal:
                assert refusal.early == early
                raise
        assert pc.status(handle) == "Created"
    pc.hcs.do("Start", handle)


def it_failed_and_has_happened_all_the_same(pc):
    _, handle = pc.running()
    pc.rules("call=HcsPauseComputeSystem : fail-after=0x80370109")
    with refused(0x80370109):
        pc.hcs.do("Pause", handle)
    assert pc.status(handle) == "Paused"


def an_operation_that_never_ends(pc):
    _, handle = pc.running()
    pc.rules("call=HcsPauseComputeSystem : never", "call=HcsResumeComputeSystem : never-done")
    for verb, after in (("Pause", "Running"), ("Resume", "Running")):
        answers = pc.hcs.begin(f"Hcs{verb}ComputeSystem", handle=handle)
        pc.hcs.returned(answers)
        try:
            raise AssertionError(answers.get(timeout=0.2))
        except queue.Empty:
            pass
        assert pc.status(handle) == after
    pc.rules()


def one_system_only(pc):
    _, handle = pc.running()
    vm, other = pc.running()
    pc.rules(f"call=HcsPauseComputeSystem system={vm.upper()} : fail=0x80370105")
    pc.hcs.do("Pause", handle)
    with refused(codes.HCS_INVALID_STATE):
        pc.hcs.do("Pause", other)


def the_service_goes_away_before_a_call(pc):
    vm, handle = pc.running()
    pc.rules("call=HcsPauseComputeSystem nth=1 : disconnect")
    with refused(codes.HCS_SERVICE_DISCONNECT):
        pc.hcs.do("Pause", handle)
    again = pc.hcs.open(vm)
    pc.hcs.do("Pause", again)


def not_elevated_by_a_rule(pc):
    pc.rules("call=Hcn* : fail=0x80070005")
    with refused(codes.E_ACCESSDENIED):
        pc.network()
    pc.hcs.call("HcsGetServiceProperties")


def rules_of_one_process(pc):
    path = pc.file("rules", b"call=HcsGetServiceProperties : fail=0x800706BA\n")
    with refused(codes.SERVER_UNAVAILABLE):
        pc.client(HCSSIM_FAULTS=path).call("HcsGetServiceProperties")
    pc.hcs.call("HcsGetServiceProperties")


def a_vm_that_ends_by_itself(pc):
    vm = str(uuid.uuid4())
    pc.rules("call=HcsStartComputeSystem : exit=50")
    pc.running(vm)
    assert pc.hcs.event()[2]["ExitType"] == "UnexpectedExit"


def a_caller_that_is_killed(pc):
    script = ("import sys; sys.path.insert(0, sys.argv[1])\nfrom hcssim.client import Client\n"
              "client = Client(sys.argv[2])\nhandle = client.create('victim', sys.argv[3])\nclient.do('Terminate', handle)")
    pc.rules("call=HcsTerminateComputeSystem : kill")
    done = subprocess.run([sys.executable, "-B", "-c", script, FAKE, pc.state, json.dumps(document())], check=False)
    assert done.returncode == -9, done
    until(lambda: pc.report()["handles"] == 0, "closed handles")
    assert pc.report()["systems"] == {"victim": "Created"}, pc.report()


def a_rule_that_is_not_understood_is_a_mistake(pc):
    for line in ("call=Hcs* fail=1", "nonsense=1 : hang", ": explode", ": fail"):
        pc.rules(line)
        try:
            pc.hcs.call("HcsGetServiceProperties")
        except AssertionError as mistake:
            assert "faults" in str(mistake), mistake
        else:
            raise AssertionError(line)
    (pc.state / "daemon.log").write_text("")        # where it was told too


def what_is_left_is_reported(pc):
    vm, _ = pc.running()
    end = pc.endpoint(pc.network())
    found = pc.report()
    assert found["systems"] == {vm: "Running"} and found["endpoints"] == [end] and len(found["networks"]) == 2 and found["handles"] == 1, found
    assert {one["path"] for one in found["grants"]} == {str(pc.root / "vmlinuz"), str(pc.root / "initrd")}, found
    os.unlink(pc.root / "vmlinuz")
    pc.hcs.call("HcsRevokeVmAccess", system=vm, path=str(pc.root / "initrd"))
    assert pc.report()["grants"] == []


def calls_are_logged(pc):
    pc.running()
    calls = [json.loads(line) for line in (pc.state / "calls.log").read_text().splitlines()]
    assert [one["call"] for one in calls if "Compute" in one["call"]] == ["HcsCreateComputeSystem", "HcsStartComputeSystem"], calls
    assert calls[-1]["hr"] == "0x00000000" and calls[-1]["pid"] == os.getpid()


if __name__ == "__main__":
    main(__name__)
