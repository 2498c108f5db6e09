#!/usr/bin/env python3
"""The driver is killed while the N-th wsl.exe of a start, a stop, a removal is at work. The next driver says the truth, and everything works."""
import signal
import threading

from place import Computer, Failed, Instance, main, one_booted, rootfs, until

IMAGE = rootfs()
LONG = "delay=120000"


def runs(vm):
    return vm.log_text().count(" debug run ")


def attempt(vm, method):
    try:
        vm.call(method)
    except Failed:
        pass


def killed_in(vm, method, rule, wanted):
    """Calls the method, and kills the driver when its `wanted`-th wsl.exe has begun."""
    vm.computer.faults(rule)
    before = runs(vm)
    caller = threading.Thread(target=attempt, args=(vm, method))
    caller.start()
    until(lambda: runs(vm) >= before + wanted, f"call {wanted} of {method}")
    vm.end_driver(signal.SIGKILL)
    caller.join()
    vm.computer.faults()


def recovers(vm):
    """A wsl.exe without its driver is not ours to wait for: the guest's idle time ends what it began."""
    vm.start_driver()
    until(lambda: vm.status() in ("Stopped", "Broken", "Running"), "a state")
    vm.call("CreateDisk")
    session = vm.start()
    assert vm.status() == "Running" and " lima-" in vm.banner()
    vm.stop()
    assert session.last()["success"] and vm.status() == "Stopped"
    vm.call("Delete")
    assert vm.computer.registered() == [] and not (vm.dir / "ext4.vhdx").exists()


def in_start(number):
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.create()
        vm.write_env()
        # Before the commands in the guest there is one list.
        killed_in(vm, "Start", f"verb=run call={number}+ : {LONG}", number + 1)
        recovers(vm)


def in_stop(rule, wanted):
    with one_booted(IMAGE) as (_, vm, _):
        killed_in(vm, "Stop", f"{rule} : {LONG}", wanted)
        recovers(vm)


def in_stop__before_the_termination():
    in_stop("verb=terminate", 1)


def in_stop__after_the_termination():
    in_stop("verb=list", 2)


def in_delete():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.create()
        killed_in(vm, "Delete", f"verb=unregister : {LONG}", 2)
        recovers(vm)


def in_resize():
    with Computer() as pc:
        vm = Instance(pc, image=IMAGE)
        vm.create()
        vm.doc["disk"] = 20 << 30
        vm.configure()
        until(lambda: not pc.vm_runs(), "the VM's end")
        killed_in(vm, "CreateDisk", f"verb=manage : {LONG}", 1)
        recovers(vm)


def case_of(number):
    def case():
        in_start(number)
    case.__name__ = f"in_start__call_{number}_of_wsl_exe"
    return case


if __name__ == "__main__":
    main([case_of(number) for number in range(1, 8)]
         + [in_stop__before_the_termination, in_stop__after_the_termination, in_delete, in_resize])
