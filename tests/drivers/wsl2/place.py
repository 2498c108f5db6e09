"""A computer with WSL (the stand-in's), Lima instances on it, and the driver that serves each of them.

Every computer has folders of its own, with a space, an umlaut and an apostrophe in their names. What a case leaves running is an error.
"""
import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from tap import Plan  # noqa: E402

BIN = pathlib.Path(os.environ.get("LIMA_BIN", ROOT / "build/dev/bin")).resolve()
TESTBIN = pathlib.Path(os.environ.get("LIMA_TESTBIN", ROOT / "build/dev/testbin")).resolve()
LIMADRV, DRIVER, WSL = BIN / "limadrv", TESTBIN / "lima-driver-wsl2", TESTBIN / "wsl"
FAKE = ROOT / "tests" / "fakes" / "wsl"
SKIPPED = 77
PATIENCE = 90
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


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(SKIPPED)


def rootfs():
    done = subprocess.run([FAKE / "make-rootfs"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        skip_all("no root file system: " + (done.stderr.strip().splitlines() or ["make-rootfs failed"])[-1])
    return pathlib.Path(done.stdout.strip().splitlines()[-1])


def until(condition, what, seconds=PATIENCE):
    """Waits for what another process does; what takes longer never comes."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)
    return found


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


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


class Failed(Exception):
    """A call of the driver that failed; its text."""


class Instance:
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

    @property
    def socket(self):
        return self.dir / "wsl2.drv.sock"

    def start_driver(self, **env):
        self.log = open(self.dir / "driver.stderr.log", "a", encoding="utf-8")
        self.driver = subprocess.Popen([DRIVER, "--inst-dir", self.dir], env=self.computer.env(**env), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=self.log, start_new_session=True)
        until(lambda: self.socket.exists() or self.driver.poll() is not None, "the driver's socket")
        assert self.driver.poll() is None, self.log_text()
        self.configure()

    def configure(self):
        reply = self.call("Configure", self.doc)
        self.doc = reply if "config" in reply else self.doc

    def end_driver(self, how=signal.SIGTERM):
        if self.driver is None:
            return
        if self.driver.poll() is None:
            self.driver.send_signal(how)
        try:
            self.driver.wait(PATIENCE)
        finally:
            if self.driver.poll() is None:
                self.driver.kill()
                self.driver.wait()
        code, self.driver = self.driver.returncode, None
        self.log.close()
        if how == signal.SIGKILL:
            with contextlib.suppress(FileNotFoundError):
                self.socket.unlink()
        else:
            assert code == 0, f"the driver ended with {code}: {self.log_text()}"

    def log_text(self):
        return (self.dir / "driver.stderr.log").read_text(errors="replace")

    def call(self, method, document=None, timeout=PATIENCE):
        words = [LIMADRV, "call", "--socket", self.socket, method, "--timeout", f"{timeout}s"]
        if document is not None:
            words.insert(5, "-")
        done = subprocess.run(words, env=self.computer.env(), input=None if document is None else json.dumps(document), text=True,
                              stdin=subprocess.DEVNULL if document is None else None,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout + 30, check=False)
        if done.returncode:
            raise Failed(done.stderr.strip())
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def fails(self, method, *texts, document=None, timeout=PATIENCE):
        try:
            self.call(method, document, timeout)
        except Failed as failure:
            for text in texts:
                assert text in str(failure), f"'{text}' is not in: {failure}"
            return str(failure)
        raise AssertionError(f"{method} succeeded")

    def status(self, **env):
        """What limactl list sees."""
        return self.inspect(**env)["status"]

    def inspect(self, **env):
        document = {**self.doc, "status": "", "hostAgentPID": os.getpid()}
        encoded = json.dumps(base64.b64encode(json.dumps(document).encode()).decode())
        done = subprocess.run([DRIVER, "--inspect-status"], env=self.computer.env(**env), input=encoded, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done
        return json.loads(base64.b64decode(json.loads(done.stdout)))

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


class Session:
    """Start's stream, read by a thread."""

    def __init__(self, instance):
        self.instance, self.events = instance, []
        self.child = subprocess.Popen([LIMADRV, "call", "--socket", instance.socket, "Start"], env=instance.computer.env(), text=True,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.child.stdout:
            self.events.append((time.monotonic(), json.loads(line)))
        self.child.wait()

    def opening(self):
        until(lambda: self.events or self.child.poll() is not None, "Start's first message")
        if not self.events or not self.events[0][1].get("success"):
            raise Failed(str(self.events) + self.child.stderr.read())

    def last(self):
        """The message that says how it ended."""
        until(lambda: not self.thread.is_alive(), "the end of Start's stream")
        said = [event for _, event in self.events[1:] if not event.get("ended")]
        return said[-1] if said else None

    def cancel(self):
        """As a host agent that dies."""
        self.child.send_signal(signal.SIGINT)
        self.child.wait(PATIENCE)


@contextlib.contextmanager
def one_booted(image, **config):
    """A computer with one instance, Lima's boot script done; and its session."""
    with Computer() as pc:
        vm = Instance(pc, image=image, **config)
        session = vm.up()
        vm.booted()
        yield pc, vm, session


def programs_there():
    for program in (LIMADRV, DRIVER, WSL):
        if not program.exists():
            skip_all(f"{program} is not built")


def main(cases):
    programs_there()
    wanted = sys.argv[1:]
    plan = Plan()
    for case in cases:
        if not wanted or case.__name__ in wanted:
            plan.case(case.__name__, case)
    plan.end()
