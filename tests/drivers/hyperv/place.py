"""A Windows computer (the double for the Host Compute Service), Lima instances on it, and the driver that serves each of them.

The driver is a native program with sanitizers; what a case leaves on the computer is an error.
"""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FAKE = ROOT / "tests" / "fakes" / "hcs"
sys.path[:0] = [str(HERE.parent), str(FAKE)]
from driver_instance import LIMADRV, TESTBIN, DriverInstance, Failed, Session, free_port, need, run, says, skip_all, until  # noqa: E402
from hcssim.client import Client, tell  # noqa: E402

DRIVER = TESTBIN / "lima-driver-hyperv"
DISK = 64 << 20
DEFAULT_SWITCH = "c08cb7b8-9b3c-408e-8e30-5e16a3aeb444"


class Computer:
    def __init__(self, prefix="h'ü ", env=None, **settings):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
        self.lima, self.state = self.root / "l", self.root / "state"
        for folder in (self.lima, self.state, self.root / "home", self.root / "tmp"):
            folder.mkdir()
        self.extra = env or {}
        self.instances = []
        self.settings(**settings)
        subprocess.run([FAKE / "hcssimd", "start", self.state], check=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for one in self.instances:
            one.end_driver()
        log = self.state / "daemon.log"
        words = log.read_text() if log.exists() else ""
        misuse = self.state / "misuse.log"
        words += misuse.read_text() if misuse.exists() else ""
        subprocess.run([FAKE / "hcssimd", "stop", self.state], check=False)
        if kind and os.environ.get("KEEP"):
            print(f"# kept: {self.root}")
            return
        shutil.rmtree(self.root, ignore_errors=True)
        assert kind or not words, f"the double itself failed: {words}"

    def settings(self, **values):
        """Restores what it does not name to the defaults."""
        lines = [f"{name.replace('_', '-')} = {value}" for name, value in values.items()]
        (self.state / "settings").write_text("[standin]\n" + "\n".join(lines) + "\n")

    def faults(self, *rules):
        (self.state / "faults").write_text("".join(rule + "\n" for rule in rules))

    def tell(self, *words):
        return tell(self.state, *words)

    def report(self):
        return self.tell("report")

    @contextlib.contextmanager
    def client(self, kind="hcs"):
        one = Client(self.state, kind)
        try:
            yield one
        finally:
            one.leave()

    def calls(self):
        path = self.state / "calls.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def env(self, **more):
        keep = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        base = {"PATH": os.environ["PATH"], "HOME": self.root / "home", "LIMA_HOME": self.lima, "TMPDIR": self.root / "tmp", "LANG": "C.UTF-8",
                "HCSSIM_STATE": self.state, "LIMA_DRIVER_LOG": "debug", **self.extra}
        return {name: str(value) for name, value in {**keep, **base, **more}.items() if value is not None}

    def processes(self):
        """Those of drivers, and what they have started."""
        mark = f"HCSSIM_STATE={self.state}".encode()
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):      # it has ended
                if mark in path.read_bytes().split(b"\0"):
                    found.append(path.parent.name)
        return found

    def empty(self, networks=0, after=None):
        """Nothing is left on the computer; networks None: nobody counts. `after`: what is told with a failure."""
        found = self.report()
        assert found["systems"] == {} and found["endpoints"] == [] and found["handles"] == 0, (after, found)
        left = [one for one in found["networks"] if one != DEFAULT_SWITCH]
        assert networks is None or len(left) == networks, (after, found)


class Instance(DriverInstance):
    program, kind = DRIVER, "hyperv"
    room = 2            # of counts: a thread that has just ended, a descriptor about to be closed

    def __init__(self, computer, name="dev", port=None, **config):
        self.computer, self.name = computer, name
        self.dir = computer.lima / name
        self.dir.mkdir(mode=0o700)
        self.port = free_port() if port is None else port
        self.config = {"vmType": "hyperv", "arch": "x86_64", "os": "Linux", "cpus": 2, "memory": "512MiB", "disk": str(DISK),
                       "images": [{"location": "http://x/disk.img", "arch": "x86_64"}], "mounts": [],
                       "user": {"name": "lima", "uid": 1000, "home": "/home/lima.guest", "shell": "/bin/bash"}, **config}
        self.doc = {"name": name, "dir": self.named(self.dir), "vmType": "hyperv", "arch": "x86_64", "cpus": 2, "memory": 512 << 20, "disk": DISK,
                    "sshLocalPort": self.port, "hostname": "lima-" + name, "sshAddress": "127.0.0.1", "config": self.config}
        (self.dir / "lima.yaml").write_text(json.dumps(config))
        with open(self.dir / "image", "wb") as file:
            file.write(b"disk")
            file.truncate(1 << 20)
        (self.dir / "cidata.iso").write_bytes(bytes(64 << 10))
        self.driver = self.log = None
        computer.instances.append(self)

    # A life.

    def create(self, **env):
        if self.driver is None:
            self.start_driver(**env)
        self.call("Validate")
        self.call("Create")
        self.call("CreateDisk")

    def start(self):
        """Like the host agent: the stream stays open."""
        session = Session(self)
        session.opening()
        self.call("AdditionalSetupForSSH")
        return session

    def start_fails(self, *texts):
        """Why."""
        try:
            Session(self).opening()
        except Failed as failure:
            return says(failure, *texts)
        raise AssertionError("it started")

    def up(self, **env):
        self.create(**env)
        return self.start()

    # Its VM.

    @property
    def vm(self):
        """The file of its compute system, as the double shows it; None: there is none."""
        name = json.dumps(self.named(self.dir), ensure_ascii=False).strip('"')
        for path in (self.computer.state / "systems").iterdir():
            found = json.loads(path.read_text())
            if name in json.dumps(found["document"], ensure_ascii=False):
                return found
        return None

    @property
    def address(self):
        network = next(iter(self.vm["document"]["VirtualMachine"]["Devices"]["NetworkAdapters"].values()))
        for path in (self.computer.state / "endpoints").iterdir():
            found = json.loads(path.read_text())
            if network["EndpointId"].lower() in json.dumps(found).lower():
                return found
        return None

    def counts(self):
        """What its driver holds."""
        process = pathlib.Path("/proc", str(self.driver.pid))
        return {"descriptors": len(os.listdir(process / "fd")), "threads": len(os.listdir(process / "task"))}

    def serial(self):
        path = self.dir / "serial.log"
        return path.read_text(errors="replace") if path.exists() else ""


def programs_there():
    need(LIMADRV, DRIVER)


def main(cases):
    run(cases, LIMADRV, DRIVER)
