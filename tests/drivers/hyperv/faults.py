#!/usr/bin/env python3
"""What can go wrong on the way, each with its reason told and nothing left behind."""
import json
import signal

from place import Computer, Failed, Instance, Session, main, until

VM_LACKS = {"no-dll": "Virtual Machine Platform", "no-feature": "Virtual Machine Platform", "no-hypervisor": "hypervisor", "disabled": "vmcompute",
            "user": "Hyper-V", "next-logon": "log", "filtered": "administrator"}


def every_lack_of_rights_is_told_before_anything_is_called():
    for words, text in VM_LACKS.items():
        with Computer(env={"LIMA_TEST_RIGHTS": words}) as pc:
            vm = Instance(pc)
            vm.start_driver()
            said = vm.start_fails(text)
            assert not [call for call in pc.calls() if call["call"] in ("HcsCreateComputeSystem", "HcnCreateNetwork")], (words, said)
            pc.empty()


def the_service_refuses():
    """A network of Windows by name, since otherwise there is another way (usernet.py)."""
    with Computer() as pc:
        vm = Instance(pc, vmOpts={"hyperv": {"network": "hcn"}})
        vm.create()
        for settings, text in (({"ics": "off"}, "ICS"), ({"service": "stopped"}, "vmcompute"), ({"feature": "off"}, "feature"), ({"hypervisor": "off"}, ""),
                               ({"memory": "256"}, "memory"), ({"hns": "stopped"}, "hns"), ({"elevated": "false", "member": "true"}, "")):
            pc.settings(**settings)
            try:
                vm.start_fails(text)
            except AssertionError as wrong:
                raise AssertionError(settings) from wrong
            pc.settings()
            assert vm.status() == "Stopped", (settings, vm.inspect())
            pc.empty(networks=None, after=settings)
        vm.start()
        vm.call("Stop")
        pc.empty(networks=1)


CALLS = ("HcsGetServiceProperties", "HcsEnumerateComputeSystems", "HcnQueryNetworkProperties", "HcnCreateNetwork", "HcnCreateEndpoint",
         "HcnEnumerateEndpoints", "HcsCreateEmptyGuestStateFile", "HcsCreateComputeSystem", "HcsGrantVmAccess", "HcsStartComputeSystem")


def each_call_of_a_start_fails_once():
    with Computer() as pc:
        vm = Instance(pc)
        vm.create()
        for call in CALLS:
            for action in ("fail=0x80004005", "fail-later=0x80004005", "fail-after=0x80004005"):
                pc.faults(f"call={call} nth=1 : {action}")
                try:
                    session = vm.start()
                except Exception as failure:  # noqa: BLE001, pylint: disable=broad-except
                    assert "0x80004005" in str(failure), (call, action, failure)
                else:
                    vm.call("Stop")
                    session.last()
                pc.faults()
                pc.empty(networks=None, after=(call, action))
                assert vm.status() == "Stopped", (call, action, vm.inspect())
        vm.start()
        vm.call("Stop")
        vm.call("Delete")
        pc.empty()


def killed_at_each_call_of_a_start_the_next_one_succeeds():
    with Computer() as pc:
        vm = Instance(pc)
        vm.create()
        for call in CALLS:
            pc.faults(f"call={call} nth=1 : kill")
            (vm.dir / "hyperv.vmgs").unlink(missing_ok=True)
            try:
                Session(vm).opening()
            except Failed:
                until(lambda: vm.driver.poll() is not None, "the driver's death")
            else:
                assert call == "HcnCreateNetwork", call     # it is there from the call before
                vm.call("Stop")
            pc.faults()
            vm.end_driver(signal.SIGKILL)
            vm.start_driver()
            vm.start()
            assert vm.status() == "Running"
            vm.call("Stop")
            assert vm.status() == "Stopped"
            pc.empty(networks=None, after=call)


def a_client_that_goes_while_it_starts_leaves_nothing():
    with Computer(start_delay="3000") as pc:
        vm = Instance(pc)
        vm.create()
        session = Session(vm)
        until(lambda: any(call["call"] == "HcsStartComputeSystem" for call in pc.calls()), "the VM's start")
        session.cancel()
        until(lambda: pc.report()["systems"] == {}, "the end of the VM")
        until(lambda: pc.report()["endpoints"] == [], "the end of the endpoint")
        pc.settings()
        vm.start()
        vm.call("Stop")
        pc.empty(networks=1)


def a_terminate_that_fails_is_told_and_can_be_repeated():
    with Computer(shutdown="refuse", shutdown_wait="10") as pc:
        vm = Instance(pc)
        vm.up()
        pc.faults("call=HcsTerminateComputeSystem : fail=0x80004005")
        vm.fails("Stop", "0x80004005")
        assert vm.status() == "Running"
        pc.faults()
        vm.call("Stop")
        pc.empty(networks=1)


def a_compute_system_of_somebody_else_with_our_id_is_left_alone():
    with Computer() as pc:
        vm = Instance(pc)
        vm.up()
        name = vm.vm["id"]
        vm.call("Stop")
        text = json.loads((vm.dir / "hyperv.document.json").read_text())
        text["Owner"] = "somebody"
        with pc.client() as other:
            handle = other.create(name, json.dumps(text))
            assert vm.status() == "Broken", vm.inspect()
            vm.start_fails("another program", name)
            vm.call("Stop")
            vm.call("Delete")
            assert pc.report()["systems"] == {name: "Created"}
            other.close(handle)


def a_vm_that_was_created_and_never_started_goes_with_the_next_start():
    with Computer() as pc:
        vm = Instance(pc)
        vm.up()
        name = vm.vm["id"]
        vm.call("Stop")
        text = (vm.dir / "hyperv.document.json").read_text()
        with pc.client() as other:
            other.close(other.create(name, text))
        assert vm.status() == "Stopped", vm.inspect()
        vm.start()
        assert vm.status() == "Running"
        vm.call("Stop")
        pc.empty(networks=1)


def endpoints_of_vms_that_are_gone_are_swept():
    with Computer() as pc:
        one, two = Instance(pc, "one"), Instance(pc, "two")
        one.up()
        pc.faults("call=HcnDeleteEndpoint : fail=0x80004005")
        one.call("Stop")
        pc.faults()
        assert len(pc.report()["endpoints"]) == 1
        two.up()
        assert len(pc.report()["endpoints"]) == 1
        two.call("Stop")
        pc.empty(networks=1)


def without_its_disk_there_is_no_start():
    with Computer() as pc:
        vm = Instance(pc)
        vm.create()
        (vm.dir / "disk.vhdx").unlink()
        vm.start_fails("disk.vhdx")
        pc.empty()


def a_disk_in_use_is_named():
    with Computer() as pc:
        vm = Instance(pc)
        vm.create()
        pc.faults("call=HcsStartComputeSystem : fail-later=0x80070020")
        vm.start_fails("start the VM")
        pc.faults()
        pc.empty(networks=1)
        vm.start()
        vm.call("Stop")


def the_service_restarts_while_it_starts():
    with Computer() as pc:
        vm = Instance(pc)
        vm.create()
        pc.faults("call=HcsStartComputeSystem nth=1 : disconnect")
        vm.start_fails("")
        pc.faults()
        until(lambda: vm.status() == "Stopped", "the end of the half-made VM", 10)
        vm.start()
        vm.call("Stop")
        pc.empty(networks=1)


if __name__ == "__main__":
    main([every_lack_of_rights_is_told_before_anything_is_called, the_service_refuses,
          each_call_of_a_start_fails_once, killed_at_each_call_of_a_start_the_next_one_succeeds,
          a_client_that_goes_while_it_starts_leaves_nothing, a_terminate_that_fails_is_told_and_can_be_repeated,
          a_compute_system_of_somebody_else_with_our_id_is_left_alone, a_vm_that_was_created_and_never_started_goes_with_the_next_start,
          endpoints_of_vms_that_are_gone_are_swept, without_its_disk_there_is_no_start, a_disk_in_use_is_named,
          the_service_restarts_while_it_starts])
