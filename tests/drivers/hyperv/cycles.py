#!/usr/bin/env python3
"""Create, start, snapshot, stop, delete, again and again: no file, process, handle, descriptor or thread more than after the first rounds.

CYCLES in the environment says how often.
"""
import os
import shutil

from place import Computer, Instance, main, until
from growth import no_growth

COUNT = int(os.environ.get("CYCLES", "200"))


def files_of(computer):
    """Logs grow, and the double's own notes."""
    return sorted(str(path.relative_to(computer.root)) for path in computer.root.rglob("*") if computer.state not in path.parents)


def a_life(vm):
    session = vm.up()
    vm.call("CreateSnapshot", {"tag": "live"})
    vm.call("ApplySnapshot", {"tag": "live"})
    vm.call("Stop")
    assert session.last()["success"], session.events
    vm.call("DeleteSnapshot", {"tag": "live"})
    vm.call("Delete")
    vm.end_driver()


def instances_leave_nothing():
    with Computer() as pc:
        counts = []
        for _ in range(COUNT):
            vm = Instance(pc)
            a_life(vm)
            pc.empty()
            shutil.rmtree(vm.dir)       # as limactl does
            pc.instances.clear()
            until(lambda: not pc.processes(), "the end of all processes")
            counts.append({"files": files_of(pc)})
        no_growth(counts, 0)


def starts_of_one_process_hold_no_more():
    with Computer() as pc:
        vm = Instance(pc)
        vm.create()
        counts = []
        for _ in range(COUNT):
            session = vm.start()
            assert vm.status() == "Running"
            vm.call("Stop")
            assert session.last()["success"], session.events
            pc.empty(networks=1)
            counts.append({"files": files_of(pc), **vm.counts()})
        no_growth(counts, vm.room)


if __name__ == "__main__":
    main([instances_leave_nothing, starts_of_one_process_hold_no_more])
