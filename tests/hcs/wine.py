#!/usr/bin/env python3
"""The double's DLLs under Wine, called by hcs_probe.exe: a VM's life, and misuse, which must end the program."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

from host import TESTS, Host, document, dumps, skip_all, until
from tap import Plan

sys.path.insert(0, str(TESTS / "wine"))
from prefix import Prefix, skip  # noqa: E402  pylint: disable=wrong-import-position,wrong-import-order

TESTBIN = pathlib.Path(os.environ.get("LIMA_TESTBIN", "build/windows/testbin")).resolve()
MISUSED = 253
FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
if not (TESTBIN / "hcs_probe.exe").exists():
    skip_all(f"{TESTBIN}/hcs_probe.exe is not built")
assert skip


def windows(path):
    return "Z:" + str(path).replace("/", "\\")


class Computer(Host):
    """The host, with a Wine prefix."""

    def __init__(self):
        super().__init__()
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="p", dir="/tmp"))
        self.prefix = Prefix(self.place / "p", {"HCSSIM_STATE": str(self.state)})
        self.output = self.place / "output"
        self.agent = None

    def start_agent(self):
        """First, and with streams that are no pipes: it stays."""
        self.agent = self.prefix.start(str(TESTBIN / "hcs/hcssim-agent.exe"))

    def probe(self, case, *words, code=0):
        with open(self.output, "wb") as out:
            got = self.prefix.run(str(TESTBIN / "hcs_probe.exe"), windows(TESTBIN / "hcs"), case, *words, out=out, err=subprocess.STDOUT)
        text = self.output.read_text(errors="replace")
        assert got == code, f"exit {got}: {text}"
        return text

    def system(self, **machine):
        """Words for the probe: id, the document's file, and files to grant."""
        vm = str(uuid.uuid4())
        text = self.kernel_document(vm, **machine)
        direct = text["VirtualMachine"]["Chipset"]["LinuxKernelDirect"]
        files = [windows(direct.pop(name)) for name in ("KernelFilePath", "InitRdPath")]
        direct["KernelFilePath"], direct["InitRdPath"] = files
        path = self.root / f"{vm}.json"
        path.write_text(dumps(text))
        return [vm, windows(path), *files]

    def misused(self, function, case, *words):
        text = self.probe(case, *words, code=MISUSED)
        assert function + ": " in text, text
        assert function in (self.state / "misuse.log").read_text()

    def end(self):
        if hasattr(self, "prefix"):
            self.prefix.close()
            shutil.rmtree(self.place, ignore_errors=True)
        super().end()


def a_life(pc):
    pc.probe("life", *pc.system())
    assert pc.report()["systems"] == {}
    assert not (pc.state / "leaks.log").exists()


def a_saved_state(pc):
    vm, text, *files = pc.system()
    pc.probe("saved", vm, text, windows(pc.root / "state.vmrs"), *files)
    assert (pc.root / "state.vmrs").read_bytes().startswith(b"hcssim-state ")


def operations(pc):
    pc.probe("operations")


def callbacks(pc):
    pc.probe("callbacks", *pc.system())


def an_operation_that_does_not_end(pc):
    pc.rules("call=HcsPauseComputeSystem : never")
    text = pc.probe("timeout", *pc.system())
    assert "compute system" in text, "the handle that was left is told"


def networks(pc):
    path = pc.root / "network.json"
    path.write_text(dumps({"SchemaVersion": {"Major": 2, "Minor": 0}, "Type": "ICS", "Flags": 43, "Ipams": [
        {"Type": "Static", "Subnets": [{"IpAddressPrefix": "172.29.64.0/24", "Routes": [{"NextHop": "172.29.64.1", "DestinationPrefix": "0.0.0.0/0"}]}]}]}))
    pc.probe("network", windows(path))
    assert len(pc.report()["networks"]) == 1


def disks(pc):
    pc.probe("disks", windows(pc.root / "base.vhdx"), windows(pc.root / "child.vhdx"))


def com_ports(pc):
    for case in ("console-server", "console-client"):
        name = f"\\\\.\\pipe\\hcs-{uuid.uuid4()}"
        pc.probe(case, name, *pc.system(Devices={"ComPorts": {"0": {"NamedPipe": name}}}))
    assert pc.report()["systems"] == {}


def a_vm_in_qemu(pc):
    if not shutil.which("qemu-system-x86_64") or not os.path.exists(FIRMWARE):
        raise unittest.SkipTest(f"no qemu-system-x86_64, or no {FIRMWARE}")
    pc.settings(machine="qemu")
    name = f"\\\\.\\pipe\\hcs-{uuid.uuid4()}"
    vm, state = str(uuid.uuid4()), pc.root / "vm.vmgs"
    pc.hcs.call("HcsCreateEmptyGuestStateFile", path=str(state))
    disk = pc.disk("disk.vhdx")
    path = pc.root / "document.json"
    path.write_text(dumps(document({
        "Chipset": {"Uefi": {"Console": "ComPort1"}}, "GuestState": {"GuestStateFilePath": windows(state)},
        "ComputeTopology": {"Memory": {"SizeInMB": 256}, "Processor": {"Count": 1}},
        "Devices": {"ComPorts": {"0": {"NamedPipe": name}},
                    "Scsi": {"disk": {"Attachments": {"0": {"Type": "VirtualDisk", "Path": windows(disk)}}}}}})))
    pc.probe("firmware", name, vm, windows(path), windows(state), windows(disk))
    assert pc.report()["systems"] == {}


def files_in_use(pc):
    path = pc.disk("disk.vhdx")
    attachment = {"Type": "VirtualDisk", "Path": windows(path)}
    words = pc.system(Devices={"Scsi": {"disk": {"Attachments": {"0": attachment}}}})
    pc.probe("files-in-use", windows(path), *words, windows(path))


def hvsockets(pc):
    vm, _ = pc.running()
    with open(pc.output, "wb") as out:
        child = pc.prefix.start(str(TESTBIN / "hcs_hvsocket_probe.exe"), "listen", vm, "50000", out=out)
        until(lambda: pc.report()["listeners"], "a listener")
        port, token = (pc.state / "hvsocket").read_text().split()
        with socket.create_connection(("127.0.0.1", int(port))) as guest:
            guest.sendall(f"{token} guest {vm} 50000\nfrom the guest\n".encode())
            assert child.wait(60) == 0
    assert "heard: from the guest" in pc.output.read_text()


def handles_that_are_left(pc):
    text = pc.probe("leaks", *pc.system())
    said = (pc.state / "leaks.log").read_text()
    assert "1 handle(s) of kind operation" in said and "1 handle(s) of kind compute system" in said and said in text, text


def misuse_ends_the_program(pc):
    pc.misused("HcsCloseOperation", "double-close")
    pc.misused("HcsStartComputeSystem", "use-after-close", *pc.system()[:2])
    pc.rules("call=HcsPauseComputeSystem : never")
    pc.misused("HcsGetComputeSystemProperties", "reuse-while-pending", *pc.system())
    pc.misused("HcsCloseComputeSystem", "close-while-pending", *pc.system())
    pc.misused("HcsCloseComputeSystem", "wrong-kind")
    pc.misused("HcsCloseComputeSystem", "no-handle")
    pc.misused("HcsCloseComputeSystem", "close-in-callback", *pc.system()[:2])
    pc.misused("computecore.dll", "result-not-freed")
    pc.misused("GetVirtualDiskInformation", "disk-after-close", windows(pc.root / "x.vhdx"))


def rests(pid):
    """All its threads sleep, and not only for an answer of wineserver."""
    for _ in range(10):
        states = [stat.read_text().rsplit(")", 1)[1].split()[0] for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat")]
        if set(states) != {"S"}:
            return False
        time.sleep(0.05)
    return True


def a_killed_program_closes_its_handles(pc):
    vm, text, *files = pc.system()
    pc.rules("call=HcsPauseComputeSystem : hang")
    child = pc.prefix.start(str(TESTBIN / "hcs_probe.exe"), windows(TESTBIN / "hcs"), "timeout", vm, text, *files)
    # Wine may keep the socket of a program that is killed while it sends; the call is known here before that is over.
    until(lambda: '"call": "HcsPauseComputeSystem"' in (pc.state / "calls.log").read_text(), "the call")
    until(lambda: rests(child.pid), "a program that waits")
    child.kill()
    child.wait()
    until(lambda: pc.report()["handles"] == 0, "closed handles")
    assert pc.report()["systems"] == {vm: "Running"}


def main():
    plan = Plan()
    pc = Computer()
    pc.start_agent()
    for case in (a_life, a_saved_state, operations, callbacks, an_operation_that_does_not_end, networks, disks, com_ports,
                 a_vm_in_qemu, files_in_use, hvsockets, handles_that_are_left,
                 misuse_ends_the_program, a_killed_program_closes_its_handles):
        def run(case=case):
            pc.fresh()
            case(pc)
            pc.no_mistakes()
        plan.case(case.__name__.replace("_", " "), run)
    pc.end()
    plan.end()


if __name__ == "__main__":
    main()
