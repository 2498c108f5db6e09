#!/usr/bin/env python3
"""The real guest, booted through the double's QEMU back end: console, ssh, hvsockets, save and restore, shutdown."""
import json
import os
import shutil
import socket
import subprocess
import time
import uuid

from host import FAKE, Host, document, may_have_port_22, skip_all, until
from sandbox import find_guest
from tap import Plan

GUEST = find_guest("full")
for tool in ("qemu-img", "qemu-system-x86_64", "setpriv"):
    if not shutil.which(tool):
        skip_all(f"no {tool}")

BOOT = 600          # seconds, on a machine without KVM that does other things too
PORT = 50000
CMDLINE = "root=/dev/sda rw console=ttyS0 quiet mitigations=off random.trust_cpu=on"


class Booted(Host):
    """With one VM: disk of its own, a network, COM1, an hvsocket service."""

    def boot(self):
        self.fresh(machine="qemu", addresses="loopback" if may_have_port_22() else "real")
        self.vm = str(uuid.uuid4())
        for name in ("vmlinuz", "initrd"):
            shutil.copyfile(GUEST / name, self.root / name)
        subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "vhdx", "-o", "subformat=dynamic,block_size=1048576", GUEST / "disk.qcow2",
                        self.root / "disk.vhdx"], check=True)
        self.child = self.disk("child.vhdx", self.vm, parent=str(self.root / "disk.vhdx"))
        self.grant(self.vm, *(str(self.root / name) for name in ("vmlinuz", "initrd", "disk.vhdx")))
        network = self.network("172.29.64.0/24")
        endpoint = self.endpoint(network)
        self.endpoint_file = self.state / "endpoints" / f"{endpoint}.json"
        direct = {"KernelFilePath": str(self.root / "vmlinuz"), "InitRdPath": str(self.root / "initrd"), "KernelCmdLine": CMDLINE}
        self.text = document({
            "Chipset": {"UseUtc": True, "LinuxKernelDirect": direct},
            "ComputeTopology": {"Memory": {"SizeInMB": 512, "AllowOvercommit": True}, "Processor": {"Count": 1}},
            "Devices": {
                "Scsi": {"disk": {"Attachments": {"0": {"Type": "VirtualDisk", "Path": self.child}}}},
                "NetworkAdapters": {"n": {"EndpointId": endpoint, "MacAddress": "52-55-55-12-34-56"}},
                "ComPorts": {"0": {"NamedPipe": "\\\\.\\pipe\\lima-com1"}},
                "HvSocket": {"HvSocketConfig": {"ServiceTable": {f"{PORT:08x}-facb-11e6-bd58-64006a7986d3": {}}}}}})
        self.handle = self.hcs.create(self.vm, self.text)
        self.hcs.do("Start", self.handle, timeout=BOOT)

    def console(self):
        path = self.state / "vms" / self.vm / "com1.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def ssh(self):
        """Where sshd answers."""
        if not may_have_port_22():
            return "127.0.0.1", int((self.state / "vms" / self.vm / "ssh").read_text())
        return json.loads(self.endpoint_file.read_text())["IpConfigurations"][0]["IpAddress"], 22

    def banner(self):
        try:
            with socket.create_connection(self.ssh(), 10) as sock:
                sock.settimeout(30)
                return sock.recv(8) == b"SSH-2.0-"
        except OSError:
            return False

    def wait_banner(self):
        deadline = time.monotonic() + BOOT
        while not self.banner():
            assert time.monotonic() < deadline, f"no ssh; the console: {self.console()[-3000:]}"
            assert self.status(self.handle) == "Running"
            time.sleep(0.5)


pc = Booted()


def boots_to_ssh():
    pc.boot()
    pc.wait_banner()


def the_host_reaches_a_port_of_the_guest():
    port, token = (pc.state / "hvsocket").read_text().split()
    with socket.create_connection(("127.0.0.1", int(port))) as sock:
        sock.settimeout(120)
        sock.sendall(f"{token} connect {pc.vm} 22\n".encode())
        data = b""
        while len(data) < 11:
            data += sock.recv(11 - len(data))
        assert data == b"ok\nSSH-2.0-", data


def pauses_and_resumes():
    pc.hcs.do("Pause", pc.handle)
    pc.hcs.do("Resume", pc.handle)
    assert pc.banner()


def is_saved_and_restored_with_a_child_of_its_disk():
    state = str(pc.root / "state.vmrs")
    pc.hcs.call("HcsCreateEmptyRuntimeStateFile", path=state)
    pc.grant(pc.vm, state)
    pc.hcs.do("Pause", pc.handle)
    pc.hcs.do("Save", pc.handle, options=json.dumps({"SaveType": "ToFile", "SaveStateFilePath": state}), timeout=BOOT)
    pc.ended(pc.handle)
    frozen = str(pc.root / "frozen.vhdx")
    os.rename(pc.child, frozen)
    pc.disk("child.vhdx", pc.vm, parent=frozen)
    pc.text["VirtualMachine"]["RestoreState"] = {"SaveStateFilePath": state}
    before = len(pc.console())
    pc.handle = pc.hcs.create(pc.vm, pc.text)
    pc.hcs.do("Start", pc.handle, timeout=BOOT)
    pc.wait_banner()
    assert "Linux version" not in pc.console()[before:], "it has booted instead"


def shuts_down_when_it_is_asked():
    pc.hcs.do("ShutDown", pc.handle, options=json.dumps({"Mechanism": "IntegrationService", "Type": "Shutdown"}))
    while True:
        _, kind, data = pc.hcs.event(timeout=BOOT)
        if kind == 1 and data["ExitType"] != "ForcedExit":
            break
    assert data["ExitType"] == "GracefulExit", data
    pc.hcs.close(pc.handle)
    assert pc.report()["systems"] == {}


def a_back_end_that_is_killed_takes_its_vm_along():
    del pc.text["VirtualMachine"]["RestoreState"]
    pc.handle = pc.hcs.create(pc.vm, pc.text)
    pc.hcs.do("Start", pc.handle, timeout=BOOT)
    pid = int((pc.state / "vms" / pc.vm / "pid").read_text())
    assert os.path.exists(f"/proc/{pid}")
    os.kill(int((pc.state / "daemon").read_text().split()[2]), 9)
    until(lambda: not os.path.exists(f"/proc/{pid}"), "QEMU's end")
    subprocess.run([FAKE / "hcssimd", "start", pc.state], check=True)
    assert pc.report()["systems"] == {}


def main():
    plan = Plan()
    for number, case in enumerate((boots_to_ssh, the_host_reaches_a_port_of_the_guest, pauses_and_resumes, is_saved_and_restored_with_a_child_of_its_disk,
                                   shuts_down_when_it_is_asked, a_back_end_that_is_killed_takes_its_vm_along)):
        plan.case(case.__name__.replace("_", " "), case, fatal=number in (0, 3))
    pc.no_mistakes()
    pc.end()
    plan.end()


if __name__ == "__main__":
    main()
