"""Instances for the benchmark: no guest system, only a disk whose boot sector sleeps or powers the machine off."""
import contextlib
import functools
import json
import os
import pathlib
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
import time

# 16-bit code at 0x7c00. The ACPI power register of QEMU's q35 is at 0x604; SLP_EN with SLP_TYP 0 turns the machine off.
POWER_OFF = bytes([0xBA, 0x04, 0x06, 0xB8, 0x00, 0x20, 0xEF])  # mov dx,0x604; mov ax,0x2000; out dx,ax
SLEEP = bytes([0xFA, 0xF4, 0xEB, 0xFD])                        # cli; hlt; jmp back
START_SECONDS = 120


class Skip(Exception):
    """A row that cannot be measured here, and why."""


@functools.cache
def qemu_of():
    if platform.machine() != "x86_64":
        raise Skip("the boot sector is x86 code")
    for tool in ("qemu-system-x86_64", "qemu-img"):
        if not shutil.which(tool):
            raise Skip(f"{tool} is not installed")
    return shutil.which("qemu-system-x86_64")


@functools.cache
def kvm_works():
    """Tried, not looked at: it may exist and be refused, hang, or be of no use for -cpu host."""
    if not os.path.exists("/dev/kvm"):
        return False
    try:
        done = subprocess.run([qemu_of(), "-accel", "kvm", "-cpu", "host", "-machine", "q35", "-S", "-display", "none", "-monitor", "stdio", "-nodefaults"],
                              input=b"quit\n", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=5, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def wrapper(folder):
    """Lima's driver takes KVM wherever /dev/kvm exists; this makes TCG of it. Ours finds out by itself, and the time that takes counts."""
    path = folder / "qemu-tcg"
    path.write_text('#!/bin/bash\nwords=()\nfor word in "$@"; do\n    word=${word//accel=kvm/accel=tcg}\n    [ "$word" = host ] && word=max\n'
                    f'    words+=("$word")\ndone\nexec {qemu_of()} "${{words[@]}}"\n')
    path.chmod(0o755)
    return path


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def processes_in(folder):
    """pid and arguments of processes whose command line mentions the folder."""
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")[:-1]
            if any(str(folder).encode() in word for word in words):
                yield int(entry.name), [word.decode() for word in words]


class Instance:
    """An instance folder with a running driver server of its own."""

    def __init__(self, program, limadrv, peer=False, powers_off=False):
        self.program = program
        self.limadrv = limadrv
        self.name = program.name.removeprefix("lima-driver-")
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="b", dir="/tmp"))
        self.folder = self.root / "i"
        self.folder.mkdir()
        self.env = dict(os.environ)
        if peer and not kvm_works():
            self.env["QEMU_SYSTEM_X86_64"] = str(wrapper(self.root))
        self.config = {"vmType": self.name, "arch": "x86_64", "cpus": 1, "memory": "256MiB", "disk": "4MiB", "mounts": [],
                       "firmware": {"legacyBIOS": True}, "ssh": {"localPort": free_port()}}
        self.command = None
        self.server = None
        self.make_disk(POWER_OFF if powers_off else SLEEP)

    def make_disk(self, code):
        raw = self.root / "raw"
        raw.write_bytes(code.ljust(510, b"\0") + b"\x55\xaa" + bytes((4 << 20) - 512))
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, self.folder / "disk"], check=True)
        (self.folder / "cidata.iso").write_bytes(bytes(1 << 20))
        (self.folder / "lima.yaml").write_text(json.dumps(self.config), encoding="utf-8")

    @property
    def pid(self):
        return self.server.pid

    @property
    def socket(self):
        return self.folder / f"{self.name}.drv.sock"

    def __enter__(self):
        with open(self.folder / "driver.stderr.log", "ab") as log:
            self.server = subprocess.Popen([self.program, "--inst-dir", self.folder], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                           stderr=log, env=self.env)
        try:
            self.wait(self.socket.exists, "the driver's socket")
            self.call("Configure", json.dumps(self.document()))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.kill_vm()
        if self.server.poll() is None:
            self.server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.server.wait(20)
        if self.server.poll() is None:
            self.server.kill()
            self.server.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    def wait(self, condition, what):
        end = time.monotonic() + START_SECONDS
        while not condition():
            if time.monotonic() > end or self.server.poll() is not None:
                raise Skip(f"'{self.program}': {what} does not come: {self.log()}")
            time.sleep(0.005)

    def log(self):
        return (self.folder / "driver.stderr.log").read_text(errors="replace")[-300:].strip()

    def document(self):
        """The Instance, with the configuration filled as limactl would."""
        full = {"os": "Linux", "vmOpts": {}, "cpuType": {}, "video": {"display": "none"}, "audio": {"device": ""}, "plain": False,
                "mountType": "9p", "nestedVirtualization": False, "user": {"name": "lima"}, "tpm": False, **self.config}
        return {"name": "i", "hostname": "lima-i", "status": "", "dir": str(self.folder), "vmType": self.name, "arch": "x86_64", "cpus": 1,
                "memory": 256 << 20, "disk": 4 << 20, "sshLocalPort": self.config["ssh"]["localPort"], "sshAddress": "127.0.0.1", "config": full}

    def call(self, *words):
        subprocess.run([self.limadrv, "call", "--socket", self.socket, *words], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    @contextlib.contextmanager
    def started(self):
        """A VM that runs, with its Start stream open as the host agent keeps it."""
        with subprocess.Popen([self.limadrv, "call", "--socket", self.socket, "Start"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as stream:
            try:
                line = stream.stdout.readline()
                if '"success":true' not in line:
                    raise Skip(f"'{self.program}' cannot start a VM here: {line}{stream.stderr.read()}{self.log()}")
                yield
            finally:
                self.kill_vm()
                stream.terminate()

    def kill_vm(self):
        """The halted guest does not shut down on request, and waiting for it is not what is measured."""
        for pid, words in processes_in(self.folder):
            if "qemu-system" in words[0]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def qemu_command(self):
        for pid, words in processes_in(self.folder):
            if pid != self.pid and "qemu-system" in words[0] and len(words) > 10:
                return words
        return None

    def run_to_end(self, watch):
        """Seconds from the Start call to the message that the VM has ended."""
        begin = time.monotonic()
        with subprocess.Popen([self.limadrv, "call", "--socket", self.socket, "Start"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as stream:
            while watch and not self.command and stream.poll() is None:
                self.command = self.qemu_command()
            first, second = stream.stdout.readline(), stream.stdout.readline()
            seconds = time.monotonic() - begin
            stream.terminate()
        if '"success":true' not in first or '"success":true' not in second:
            raise Skip(f"'{self.program}': the VM did not end in order: {first}{second}{self.log()}")
        return seconds

    def learn_command(self):
        """A first run, unmeasured, for a look at the QEMU command; it also warms what can be warmed."""
        self.run_to_end(watch=True)
        if not self.command:
            raise Skip(f"'{self.program}': its QEMU was not seen")

    def time_start(self):
        return self.run_to_end(watch=False)

    def time_call(self):
        """What the client itself costs: a call that does nothing."""
        begin = time.monotonic()
        self.call("Info")
        return time.monotonic() - begin

    def time_bare(self):
        for name in ("qmp.sock", "serial.sock"):
            (self.folder / name).unlink(missing_ok=True)
        begin = time.monotonic()
        try:
            done = subprocess.run(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.env,
                                  cwd=self.folder, timeout=START_SECONDS, check=False)
        except subprocess.TimeoutExpired as why:
            raise Skip("the bare QEMU command does not end") from why
        if done.returncode:
            raise Skip(f"the bare QEMU command fails: {done.stderr.decode(errors='replace')[-300:]}")
        return time.monotonic() - begin
