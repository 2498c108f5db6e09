#!/usr/bin/env python3
"""Cases of tests/drivers/hyperv with the Windows program under Wine, whose calls go through the double's DLLs. limadrv is the host's: Wine's
AF_UNIX sockets are.

usage: hyperv_cases.py faults|cycles [CASE…]
"""
import os
import pathlib
import signal
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
BUILDS = [TESTS.parent / "build" / name / "bin" for name in ("release", "dev")]     # of this host
os.environ["LIMA_BIN"] = str(next((path for path in BUILDS if (path / "limadrv").exists()), BUILDS[0]))
sys.path[:0] = [str(TESTS / "drivers" / "hyperv"), str(TESTS / "wine")]
import cycles  # noqa: E402
import faults  # noqa: E402
import place  # noqa: E402
from prefix import Prefix  # noqa: E402
from winebox import windows  # noqa: E402

HERE = pathlib.Path(os.environ["LIMA_TESTBIN"]).resolve()
PROGRAM = HERE / "lima-driver-hyperv.exe"
# What else faults.py has needs rights that are played natively only.
FAULTS = ("the_service_refuses", "each_call_of_a_start_fails_once", "killed_at_each_call_of_a_start_the_next_one_succeeds",
         "a_client_that_goes_while_it_starts_leaves_nothing", "a_terminate_that_fails_is_told_and_can_be_repeated",
         "a_compute_system_of_somebody_else_with_our_id_is_left_alone", "a_vm_that_was_created_and_never_started_goes_with_the_next_start",
         "endpoints_of_vms_that_are_gone_are_swept", "without_its_disk_there_is_no_start", "a_disk_in_use_is_named",
         "the_service_restarts_while_it_starts")


class Computer(place.Computer):
    def __init__(self, **settings):
        super().__init__(prefix="hw", **settings)
        self.prefix = Prefix(self.root / "p", {"HCSSIM_STATE": str(self.state), "LIMA_HCS_DLLS": windows(HERE / "hcs"), "LIMA_DRIVER_LOG": "debug"})
        self.prefix.start(HERE / "hcs" / "hcssim-agent.exe")

    def __exit__(self, *why):
        self.prefix.close()
        super().__exit__(*why)

    def processes(self):
        return [line for _, line in self.prefix.processes() if "hcssim-agent" not in line]

    def env(self, **more):
        return {**super().env(**more), **self.prefix.env}


class Instance(place.Instance):
    program = PROGRAM
    room = 8            # handles of Wine's own services come and go

    @property
    def command(self):
        return [self.computer.prefix.wine, self.program]

    def named(self, path):
        return windows(path)

    def host_agent(self):
        """No process of this host has a number in Windows."""
        return 0

    def status(self, **env):
        """To limactl a VM without a host agent is broken."""
        found, vm = self.inspect(**env)["status"], self.vm
        runs = vm and (vm["owner"], vm["state"]) == ("lima-hyperv", "Running")
        return "Running" if found == "Broken" and runs else found

    def counts(self):
        return self.computer.prefix.counts()

    def end_driver(self, how=signal.SIGKILL):
        """Wine's programs know no SIGTERM."""
        super().end_driver(signal.SIGKILL)


CASES = {"faults": [getattr(faults, name) for name in FAULTS], "cycles": [cycles.instances_leave_nothing, cycles.starts_of_one_process_hold_no_more]}
for module in (faults, cycles):
    module.Computer, module.Instance = Computer, Instance
place.run(CASES[sys.argv.pop(1)], place.LIMADRV, PROGRAM)
