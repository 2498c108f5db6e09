#!/usr/bin/env python3
"""The hyperv driver's life cycle against the double: disk, start, status, stop, again, removal; ends that come by themselves."""
import signal

from place import Computer, Instance, Session, main, until


def create_start_stop_start_delete():
    with Computer() as pc:
        vm = Instance(pc)
        vm.create()
        assert vm.status() == "Stopped"
        for _ in range(2):
            session = vm.start()
            assert vm.status() == "Running"
            found = vm.vm
            assert found["owner"] == "lima-hyperv" and found["state"] == "Running", found
            until(lambda: "stub guest: booted" in vm.serial(), "the guest's first words")
            vm.call("Stop")
            assert session.last()["success"], session.events
            assert vm.status() == "Stopped"
            pc.empty(networks=1)
        vm.call("Delete")
        pc.empty(networks=0)


def three_instances_have_addresses_of_one_network():
    with Computer() as pc:
        vms = [Instance(pc, name) for name in ("one", "two", "three")]
        for vm in vms:
            vm.up()
        found = pc.report()
        assert len(found["systems"]) == 3 and len(found["endpoints"]) == 3 and len(found["networks"]) == 2, found
        texts = [vm.log_text().partition("its address is ")[2].split()[0] for vm in vms]
        assert len(set(texts)) == 3, texts
        for vm in vms:
            vm.call("Stop")
            vm.call("Delete")
        pc.empty()


def the_guest_shuts_down_by_itself():
    with Computer() as pc:
        vm = Instance(pc)
        session = vm.up()
        pc.tell("exit", vm.vm["id"])
        assert session.last().get("success"), session.events
        vm.call("Stop")
        assert vm.status() == "Stopped"
        pc.empty(networks=1)


def a_kernel_panic_is_told_with_its_last_words():
    with Computer() as pc:
        vm = Instance(pc)
        session = vm.up()
        pc.tell("crash", vm.vm["id"], "Kernel panic - not syncing: no init found")
        said = session.last()
        assert not said.get("success") and "no init found" in said["error"], said
        vm.call("Stop")
        pc.empty(networks=1)


def a_guest_that_does_not_shut_down_is_forced_off():
    with Computer(shutdown="refuse", shutdown_wait="10") as pc:
        vm = Instance(pc)
        vm.up()
        vm.call("Stop")
        assert "was not shut down in order" in vm.log_text()
        assert vm.status() == "Stopped"
        pc.empty(networks=1)


def a_killed_driver_leaves_a_vm_that_the_next_one_finds():
    with Computer() as pc:
        vm = Instance(pc)
        vm.up()
        vm.end_driver(signal.SIGKILL)
        assert vm.status() == "Running"
        vm.start_driver()
        vm.call("Stop")
        assert vm.status() == "Stopped"
        pc.empty(networks=1)
        vm.call("Delete")
        pc.empty()


def a_start_over_a_vm_that_was_left_ends_it_first():
    with Computer() as pc:
        vm = Instance(pc)
        vm.up()
        vm.end_driver(signal.SIGKILL)
        vm.start_driver()
        session = Session(vm)
        session.opening()
        assert "left behind" in vm.log_text() and vm.status() == "Running"
        vm.call("Stop")
        pc.empty(networks=1)


def a_service_that_restarts_takes_no_vm_along():
    with Computer() as pc:
        vm = Instance(pc)
        session = vm.up()
        pc.tell("disconnect")
        assert vm.status() == "Running"
        vm.call("Stop")
        assert session.last()["success"], session.events
        pc.empty(networks=1)


def a_network_that_is_gone_is_made_again_with_its_subnet():
    with Computer() as pc:
        vm = Instance(pc)
        vm.up()
        first = vm.log_text().rpartition("its address is ")[2].split()[0]
        vm.call("Stop")
        pc.tell("hns-restart")
        pc.empty(networks=0)
        vm.start()
        assert vm.log_text().rpartition("its address is ")[2].split()[0] == first
        vm.call("Stop")


def a_snapshot_of_another_configuration_goes_on_as_it_was():
    """And what is snapshot from there on is of that configuration: memory fits no other document."""
    with Computer() as pc:
        vm = Instance(pc)
        vm.up()
        vm.call("CreateSnapshot", {"tag": "one"})
        vm.call("Stop")
        vm.doc["cpus"] = vm.doc["config"]["cpus"] = 1
        vm.configure()
        vm.start()
        vm.call("ApplySnapshot", {"tag": "one"})
        vm.call("CreateSnapshot", {"tag": "two"})
        vm.call("ApplySnapshot", {"tag": "two"})
        assert vm.vm["document"]["VirtualMachine"]["ComputeTopology"]["Processor"]["Count"] == 2, vm.vm
        vm.call("Stop")
        vm.start()
        assert vm.vm["document"]["VirtualMachine"]["ComputeTopology"]["Processor"]["Count"] == 1, vm.vm
        vm.call("Stop")


def subnets_of_routes_are_left_alone():
    with Computer(env={"LIMA_TEST_ROUTES": "0.0.0.0/0 172.29.64.0/20 192.168.176.0/24"}) as pc:
        vm = Instance(pc)
        vm.up()
        address = vm.log_text().rpartition("its address is ")[2].split()[0]
        assert address.startswith("192.168.177."), address
        vm.call("Stop")


def configure_fills_resolvers():
    with Computer(env={"LIMA_TEST_RESOLVERS": "9.9.9.9 1.1.1.1"}) as pc:
        vm = Instance(pc)
        vm.start_driver()
        assert vm.doc["config"]["dns"] == ["9.9.9.9", "1.1.1.1"] and vm.doc["config"]["hostResolver"]["enabled"] is False, vm.doc


if __name__ == "__main__":
    main([create_start_stop_start_delete, three_instances_have_addresses_of_one_network, the_guest_shuts_down_by_itself,
          a_kernel_panic_is_told_with_its_last_words, a_guest_that_does_not_shut_down_is_forced_off,
          a_killed_driver_leaves_a_vm_that_the_next_one_finds, a_start_over_a_vm_that_was_left_ends_it_first,
          a_service_that_restarts_takes_no_vm_along, a_network_that_is_gone_is_made_again_with_its_subnet, a_snapshot_of_another_configuration_goes_on_as_it_was,
          subnets_of_routes_are_left_alone, configure_fills_resolvers])
