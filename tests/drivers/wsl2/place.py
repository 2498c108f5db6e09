"""A computer with WSL (the stand-in's), Lima instances on it, and the driver that serves each of them.

Every computer has folders of its own, with a space, an umlaut and an apostrophe in their names. What a case leaves running is an error.
"""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))
from driver_instance import LIMADRV, PATIENCE, TESTBIN, DriverInstance, Failed, Session, free_port, need, run, skip_all, until  # noqa: E402

DRIVER, WSL = TESTBIN / "lima-driver-wsl2", TESTBIN / "wsl"
FAKE = ROOT / "tests" / "fakes" / "wsl"
AS_ROOT = os.geteuid() == 0
# Windows' ways of the stand-in, shortened: nothing waits for a real minute.
QUICK = "[wsl2]\nvmIdleTimeout=1500\n[general]\ninstanceIdleTimeout=1000\n[standin]\nrelayInterval=100\nunregisterRetry=1500\nshutdownWait=3000\n"
VERSIONS = {"inbox": None, "0.64": None, "2.0": "2.0.14.0", "2.4": "2.4.13.0", "2.5.7": "2.5.7.0", "2.6": "2.6.3.0", "2.9": "2.9.4.0", "2.9.5": "2.9.5.0"}
BOOT = """#!/bin/sh
# What Lima's own boot script does, as far as a driver can see it.
set -a; . "$LIMA_CIDATA_MNT/lima.env"; set +a
status=0
for script in "$LIMA_CIDATA_MNT"/boot/*; do
    [ "$LIMA_CIDATA_PLAIN" != 1 ] && [ -f "$script" ] && { "$script" || status=1; }
done
echo "$LIMA_CIDATA_IID" >/run/lima-boot-done
exit $status
"""


def rootfs():
    done = subprocess.run([FAKE / "make-rootfs"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        skip_all("no root file system: " + (done.stderr.strip().splitlines() or ["make-rootfs failed"])[-1])
    return pathlib.Path(done.stdout.strip().splitlines()[-1])


class Computer:
    def __init__(self, profile=None, wslconfig=QUICK, language=None, prefix="w'ü "):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
        self.lima, self.state, self.home = self.root / "l", self.root / "state", self.root / "home"
        for folder in (self.lima, self.state, self.home, self.root / "tmp"):
            folder.mkdir()
        self.faults_file = self.root / "faults"
        self.faults_file.touch()
        (self.home / ".wslconfig").write_text(wslconfig)
        (self.state / "wslconfig").write_text(wslconfig)
        self.extra = {"WSLSIM_PROFILE": profile, "WSLSIM_LANG": language}
        self.instances = []
        if VERSIONS[profile or "2.9"]:
            key = self.state / "registry/HKLM/SOFTWARE/Microsoft/Windows/CurrentVersion/Lxss/MSI"
            key.mkdir(parents=True)
            (key / "Version").write_text("SZ\n" + VERSIONS[profile or "2.9"])
        subprocess.run([FAKE / "wslsimd", "start", self.state], env=self.env(), check=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for one in self.instances:
            one.end_driver()
        subprocess.run([FAKE / "wslsimd", "stop", self.state], env=self.env(), check=False)
        if kind and os.environ.get("KEEP"):
            print(f"# kept: {self.root}")
            return
        shutil.rmtree(self.root, ignore_errors=True)
        if not kind:
            until(lambda: not self.processes(), "the end of all processes", 20)

    def processes(self):
        """Command lines of what still belongs to this computer."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if line and (str(self.root) in line or str(self.root).encode() in (folder / "environ").read_bytes()):
                    found.append(line)
        return found

    def env(self, **more):
        keep = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        base = {"PATH": os.environ["PATH"], "HOME": self.home, "LIMA_HOME": self.lima, "TMPDIR": self.root / "tmp", "LANG": "C.UTF-8",
                "LIMA_WSL_EXE": WSL, "WSLSIM_STATE": self.state, "WSLSIM_FAULTS": self.faults_file, "WSLSIM_C": self.root,
                "LIMA_DRIVER_LOG": "debug", **self.extra}
        return {name: str(value) for name, value in {**keep, **base, **more}.items() if value is not None}

    def wsl(self, *words, check=True, timeout=PATIENCE, **more):
        done = subprocess.run([WSL, *map(str, words)], env=self.env(WSL_UTF8="1", **more), text=True, errors="replace", timeout=timeout, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        assert not check or done.returncode == 0, done
        return done

    def faults(self, *rules):
        self.faults_file.write_text("".join(rule + "\n" for rule in rules))

    def running(self):
        return self.wsl("--list", "--running", "--quiet", WSLSIM_FAULTS="/dev/null").stdout.replace("\0", "").split()

    def registered(self):
        """Names in the registry, whatever their state."""
        return sorted(path.read_text().split("\n", 1)[1] for path in self.state.glob("lxss/*/DistributionName"))

    def calls(self):
        path = self.state / "calls.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def vm_runs(self):
        return (self.state / "vm").exists()


class Instance(DriverInstance):
    program, kind = DRIVER, "wsl2"

    def __init__(self, computer, name="dev", image=None, port=None, files=None, **config):
        self.computer, self.name = computer, name
        self.distro = "lima-" + name
        self.dir = computer.lima / name
        self.dir.mkdir(mode=0o700)
        self.port = free_port() if port is None else port
        self.config = {"vmType": "wsl2", "arch": "x86_64", "os": "Linux", "images": [{"location": "http://x/rootfs.tar", "arch": "x86_64"}],
                       "user": {"name": "lima", "uid": 1000, "home": "/home/lima.guest", "shell": "/bin/bash"}, **config}
        self.doc = {"name": name, "dir": str(self.dir), "vmType": "wsl2", "arch": "x86_64", "cpus": 2, "memory": 1 << 30, "disk": 0,
                    "sshLocalPort": self.port, "hostname": "lima-" + name, "sshAddress": "127.0.0.1", "config": self.config}
        (self.dir / "lima.yaml").write_text(json.dumps(config))
        if image:
            shutil.copyfile(image, self.dir / "image")
        self.driver = self.log = None
        self.began = 0      # where the log of the last start begins
        self.make_cidata(files or {})
        computer.instances.append(self)

    # What limactl writes.

    def make_cidata(self, files):
        self.key = self.computer.root / "key"
        if not self.key.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key], check=True)
        folder = self.dir / "cidata"
        (folder / "boot").mkdir(parents=True)
        (folder / "boot.sh").write_text(BOOT)
        (folder / "ssh_authorized_keys").write_text(self.key.with_suffix(".pub").read_text())
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def write_env(self):
        """After Configure: the uid is the driver's choice."""
        user = self.doc["config"]["user"]
        env = {"LIMA_CIDATA_IID": f"iid-{time.time_ns()}", "LIMA_CIDATA_USER": user["name"], "LIMA_CIDATA_UID": user["uid"],
               "LIMA_CIDATA_HOME": user["home"], "LIMA_CIDATA_SHELL": user["shell"], "LIMA_CIDATA_COMMENT": "Lima", "LIMA_CIDATA_NO_CLOUD_INIT": 1,
               "LIMA_CIDATA_SLIRP_DNS": "192.168.5.3", "LIMA_CIDATA_SLIRP_GATEWAY": "192.168.5.2", "LIMA_CIDATA_VSOCK_PORT": self.vsock_port(),
               "LIMA_CIDATA_PLAIN": 1 if self.config.get("plain") else ""}
        (self.dir / "cidata" / "lima.env").write_text("".join(f"{name}={value}\n" for name, value in env.items()))
        for name, text in self.call("BootScripts").get("scripts", {}).items():
            (self.dir / "cidata" / "boot" / name.split("/")[-1]).write_text(text)

    def guest_env(self):
        """lima.env as the guest has it."""
        return dict(line.split("=", 1) for line in self.in_guest("cat /mnt/lima-cidata/lima.env").splitlines())

    # The driver.

    def vsock_port(self):
        reply = self.call("Info")
        return reply["vsockPort"] if "vsockPort" in reply else json.loads(reply["infoJson"])["vsockPort"]

    # A life.

    def create(self, **env):
        if self.driver is None:
            self.start_driver(**env)
        self.call("Create")
        self.call("CreateDisk")

    def start(self, ssh=True):
        """Like the host agent: the stream stays open."""
        self.write_env()
        self.began = len(self.log_text())
        session = Session(self)
        session.opening()
        if ssh:
            self.call("AdditionalSetupForSSH")
        return session

    def start_fails(self):
        """Why."""
        try:
            self.start(ssh=False)
        except Failed as failure:
            return str(failure)
        raise AssertionError("it started")

    def stop(self):
        self.call("Stop")

    def up(self, ssh=True, **env):
        self.create(**env)
        return self.start(ssh)

    def in_guest(self, script, user="root", check=True):
        done = self.computer.wsl("-d", self.distro, "-u", user, "--cd", "/", "--exec", "/bin/sh", "-c", script, check=check, WSLSIM_FAULTS="/dev/null")
        return done.stdout

    def put_in_guest(self, source, path):
        with open(source, "rb") as file:
            subprocess.run([WSL, "-d", self.distro, "-u", "root", "--cd", "/", "--exec", "/bin/sh", "-c", 'cat >"$1" && chmod 755 "$1"', "sh", path],
                           env=self.computer.env(WSLSIM_FAULTS="/dev/null"), stdin=file, check=True, timeout=PATIENCE)

    def booted(self):
        """boot.sh of the last start has ended."""
        until(lambda: any(words in self.log_text()[self.began:] for words in ("boot script is done", "boot script ended")), "boot.sh")

    def ssh(self, command, check=True):
        done = subprocess.run(["ssh", "-F", "none", "-i", self.key, "-p", str(self.port), "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes",
                               "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "lima@127.0.0.1", command], text=True, timeout=PATIENCE,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        assert not check or done.returncode == 0, done
        return done.stdout

    def banner(self, port=None):
        with socket.create_connection(("127.0.0.1", port or self.port), timeout=PATIENCE) as sock:
            sock.settimeout(PATIENCE)
            return sock.recv(256).decode(errors="replace")


@contextlib.contextmanager
def one_booted(image, **config):
    """A computer with one instance, Lima's boot script done; and its session."""
    with Computer() as pc:
        vm = Instance(pc, image=image, **config)
        session = vm.up()
        vm.booted()
        yield pc, vm, session


def programs_there():
    need(LIMADRV, DRIVER, WSL)


def main(cases):
    run(cases, LIMADRV, DRIVER, WSL)
