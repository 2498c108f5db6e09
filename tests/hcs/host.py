"""A host with the double for the Host Compute Service, for the double's own suite: a state folder, files, documents."""
import atexit
import contextlib
import inspect
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid

TESTS = pathlib.Path(__file__).resolve().parent.parent
FAKE = TESTS / "fakes/hcs"
sys.path[:0] = [str(TESTS / "e2e"), str(FAKE)]
from hcssim.client import Client, Refusal, tell  # noqa: E402
from hcssim import codes  # noqa: E402
from tap import Plan  # noqa: E402

WAIT = 60
SKIPPED = 77


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(SKIPPED)


def until(condition, what):
    """The first true answer."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.005)
    raise AssertionError(f"not within {WAIT} s: {what}")


@contextlib.contextmanager
def refused(code, words=""):
    """What is inside ends in this code; `words`: the document has them."""
    try:
        yield
    except Refusal as refusal:
        assert refusal.code == code, f"{refusal} instead of {code:#010x}"
        assert words in (refusal.text or ""), refusal
        return
    raise AssertionError(f"not refused, {code:#010x} expected")


def may_have_port_22():
    """So that addresses=loopback works."""
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.3", 22))
        except PermissionError:
            return False
        except OSError:
            pass
    return True


class Host:
    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="hcs ü ", dir="/tmp"))
        atexit.register(self.end)
        self.state = self.root / "state"
        self.clients = []
        self.start()

    def start(self):
        self.state.mkdir()
        self.settings()
        subprocess.run([FAKE / "hcssimd", "start", self.state], check=True)

    def fresh(self, **settings):
        """As new, but for the back end's process: starting that takes a second."""
        self.leave()
        for path in self.root.iterdir():
            if path != self.state:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.settings(**settings)
        self.rules("")
        self.tell("reset")
        self.hcs, self.hcn, self.disks = self.client(), self.client("hcn"), self.client("virtdisk")

    def client(self, kind="hcs", **env):
        one = Client(self.state, kind, **env)
        self.clients.append(one)
        return one

    def leave(self):
        for one in self.clients:
            one.leave()
        self.clients = []

    def stop(self):
        self.leave()
        subprocess.run([FAKE / "hcssimd", "stop", self.state], check=True)

    def no_mistakes(self):
        log = self.state / "daemon.log"
        words = log.read_text() if log.exists() else ""
        assert not words, f"the double itself failed: {words}"

    def end(self):
        if self.root.exists():
            self.stop()
            shutil.rmtree(self.root, ignore_errors=True)

    def settings(self, **values):
        """restores what it does not name to the defaults"""
        lines = [f"{name.replace('_', '-')} = {value}" for name, value in values.items()]
        (self.state / "settings").write_text("[standin]\n" + "\n".join(lines) + "\n")

    def rules(self, *lines):
        (self.state / "faults").write_text("\n".join(lines) + "\n")

    def tell(self, *words):
        return tell(self.state, *words)

    def report(self):
        return self.tell("report")

    # Files and documents.

    def file(self, name, content=b"content", vm=None):
        path = self.root / name
        path.write_bytes(content)
        if vm:
            self.grant(vm, path)
        return str(path)

    def grant(self, vm, *paths):
        for path in paths:
            self.hcs.call("HcsGrantVmAccess", system=vm, path=path)

    def mark(self, path, *words):
        subprocess.run([FAKE / "hcssimd", "mark", path, *words], check=True)

    def disk(self, name, vm=None, size=64 << 20, **more):
        """A new virtual disk; its path."""
        path = str(self.root / name)
        fields = {"device": 3, "flags": 0, "size": 0 if "parent" in more or "source" in more else size, "block": 1 << 20, "sector": 512,
                  "physical": 4096, **more}
        self.disks.call("CreateVirtualDisk", path=path, **fields)
        if vm:
            self.grant(vm, path)
        return path

    def kernel_document(self, vm, **machine):
        """Direct kernel, everything granted."""
        kernel, initrd = self.root / "vmlinuz", self.root / "initrd"
        for path in (kernel, initrd):
            if not path.exists():
                path.write_bytes(b"kernel")
            self.grant(vm, path)
        chipset = {"UseUtc": True, "LinuxKernelDirect": {"KernelFilePath": str(kernel), "InitRdPath": str(initrd), "KernelCmdLine": "console=ttyS0"}}
        return document({"Chipset": chipset, **machine})

    def running(self, vm=None, text=None):
        """A VM that runs: (id, handle)."""
        vm = vm or str(uuid.uuid4())
        handle = self.hcs.create(vm, text or self.kernel_document(vm))
        try:
            self.hcs.do("Start", handle)
        except Refusal:
            self.hcs.close(handle)
            raise
        return vm, handle

    def ended(self, handle):
        """The VM's end, and the handle's."""
        self.hcs.do("Terminate", handle)
        self.hcs.close(handle)

    def status(self, handle):
        return self.hcs.do("GetProperties", handle)["State"]

    def network(self, subnet="172.29.64.0/24", guid=None, **more):
        guid = guid or str(uuid.uuid4())
        gateway = subnet.rpartition(".")[0] + ".1"
        self.hcn.call("HcnCreateNetwork", guid=guid, document=dumps({
            "SchemaVersion": {"Major": 2, "Minor": 0}, "Name": "lima-net", "Type": "ICS", "Flags": 43,
            "Ipams": [{"Type": "Static", "Subnets": [{"IpAddressPrefix": subnet, "Routes": [{"NextHop": gateway, "DestinationPrefix": "0.0.0.0/0"}]}]}],
            **more}))
        return guid

    def endpoint(self, network, guid=None, **more):
        guid = guid or str(uuid.uuid4())
        self.hcn.call("HcnCreateEndpoint", network=network, guid=guid, document=dumps({
            "SchemaVersion": {"Major": 2, "Minor": 0}, "HostComputeNetwork": network, "Name": "lima-ep", "MacAddress": "52-55-55-12-34-56",
            "IpConfigurations": [], "Policies": [], **more}))
        return guid


def dumps(value):
    import json  # pylint: disable=import-outside-toplevel
    return json.dumps(value)


def document(machine=None, **top):
    """A whole one; `machine` is merged into VirtualMachine. None takes a member out."""
    value = {"SchemaVersion": {"Major": 2, "Minor": 5}, "Owner": "lima", "ShouldTerminateOnLastHandleClosed": False,
             "VirtualMachine": {"StopOnReset": False, "Chipset": {"Uefi": {"Console": "ComPort1"}},
                                "ComputeTopology": {"Memory": {"SizeInMB": 512, "AllowOvercommit": True}, "Processor": {"Count": 2}},
                                "Devices": {}, "Services": {"Shutdown": {}, "Timesync": {}}, **(machine or {})}, **top}
    value["VirtualMachine"] = {name: one for name, one in value["VirtualMachine"].items() if one is not None}
    return {name: one for name, one in value.items() if one is not None}


def main(module, **settings):
    """Runs the cases of a module: its functions with one parameter `pc`, in order, each on a host as new."""
    plan = Plan()
    pc = Host()
    for name, one in list(vars(sys.modules[module]).items()):
        if inspect.isfunction(one) and one.__module__ == module and list(inspect.signature(one).parameters) == ["pc"]:
            def run(one=one):
                pc.fresh(**settings)
                one(pc)
                pc.no_mistakes()
            plan.case(name.replace("_", " "), run)
    pc.end()
    plan.end()


__all__ = ["Client", "Host", "Refusal", "codes", "document", "dumps", "main", "may_have_port_22", "os", "refused", "skip_all", "until"]
