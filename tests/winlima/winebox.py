"""A place to run the Windows build of a stock limactl in: a Wine prefix of its own, with the programs of ours, real ssh by relay, and
the stand-in for wsl.exe. What is the same on any host is e2e/sandbox.py's.

    C:\\lima  limactl's prefix (a link to where it is installed)      C:\\drv  our driver
    C:\\ssh   ssh, scp, ssh-keygen: copies of relay.exe                C:\\cyg  cygpath, which older releases call; it must not lie beside ssh,
                                                                             and for 2.1 the sftp-server that comes with it
    C:\\lh    LIMA_HOME                                                C:\\img  images

Processes are looked for on Linux, by the prefix in their environment. Nothing of a box is left at its end.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / part) for part in ("e2e", "wine", "fakes/relay")]
from prefix import Prefix, skip  # noqa: E402
from relay import Relay, SFTP_SERVER  # noqa: E402
from sandbox import Background, Sandbox, find_guest  # noqa: E402,F401

GUEST_SERVICES = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Virtualization\GuestCommunicationServices"
TIME_OUT, LOCKED_UP = "time-out", "locked up"      # instead of an exit status
EVENTS = {"start": '"running":true', "stop": '"exiting":true'}      # of the host agent, which limactl waits for
PATIENCE = 40       # seconds after them; limactl 2.1 waits 10 s for each driver it asked
LXSS = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Lxss"


def numbers(version):
    """(2, 2, 0, 153) of 2.2.0-153-g183a60d7: a commit after a release counts as newer than it."""
    words = version.lstrip("v").split("-")
    extra = words[1] if len(words) > 1 and words[1].isdigit() else "0"
    return tuple(int(n) for n in words[0].split(".") if n.isdigit()) + (int(extra),)


def installations():
    named = os.environ.get("LIMA_WINDOWS_PREFIXES")
    found = named.split(":") if named else sorted(map(str, pathlib.Path("/opt").glob("lima-*-windows")))
    return [pathlib.Path(p) for p in found if os.access(f"{p}/bin/limactl.exe", os.R_OK)]


def ended(child, seconds, kill=True):
    """Its status, or TIME_OUT; by then it has ended in any case if `kill`."""
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        if kill:
            child.kill()
            child.wait()
        return TIME_OUT


def windows(path):
    """A path of this host as Windows programs see it."""
    return "Z:" + str(path).replace("/", "\\")


class WineBox(Sandbox):
    """`generation`: a series such as '2.1', or 'newest'. What stands in for parts of Windows: _start_peers and _join_peers."""

    def __init__(self, generation, driver, alias, env=None):  # pylint: disable=super-init-not-called
        self.alias = alias
        self.bin, self.testbin = (pathlib.Path(os.environ[name]).resolve() for name in ("LIMA_BIN", "LIMA_TESTBIN"))
        self.program = self._program(driver)
        for needed in (self.program, self.testbin / "relay.exe"):
            if not needed.exists():
                skip(f"{needed} is not built")
        if not installations():
            skip("no Windows build of limactl: neither in LIMA_WINDOWS_PREFIXES nor /opt/lima-*-windows")
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="w", dir="/tmp"))
        self.open = contextlib.ExitStack()
        try:
            self._make(generation, env or {})
        except BaseException:
            self.close()
            raise

    def _program(self, driver):
        return self.bin / f"{driver}.exe"

    def _start_peers(self):
        """Before there is a prefix: self.env is what its programs get."""

    def _join_peers(self):
        """What of them runs in the prefix."""

    def _make(self, generation, env):
        self.open.callback(shutil.rmtree, self.base, ignore_errors=True)
        self.env = {"LIMA_HOME": r"C:\lh", "LIMA_DRIVERS_PATH": r"C:\drv", "WINEPATH": r"C:\ssh;C:\lima\bin;C:\cyg",
                    "LIMA_RELAY": str(self.base / "relay"), **env}
        self.state = self.base / "peer"
        self._start_peers()
        self.prefix = Prefix(self.base / "p", self.env)
        self.open.callback(self.prefix.close)
        self._needs_sockets()
        self._join_peers()
        tools = {"PATH": os.environ["PATH"], "HOME": str(self.base), "LANG": "C.UTF-8", "WINEPREFIX": str(self.prefix.folder)}
        self.relay = self.open.enter_context(Relay(self.base / "relay", tools))
        self._fill()
        self.source = self._find_limactl(generation)
        if self.version < (2, 2) and os.access(SFTP_SERVER, os.X_OK):
            shutil.copy(self.testbin / "relay.exe", self.prefix.drive_c / "cyg" / "sftp-server.exe")
        self.prefix.run("reg", "add", GUEST_SERVICES, "/f", check=True)

    def _needs_sockets(self):
        probe = self.testbin / "wine_sockets.exe"
        if not probe.exists():
            skip(f"{probe} is not built")
        if self.prefix.run(probe) != 0:
            skip(f"this Wine has no AF_UNIX sockets: {self.prefix.wine}")

    def _fill(self):
        c = self.prefix.drive_c
        self.home = self.base / "h"
        self.images = c / "img"
        self.lima_home = c / "lh"
        for folder in (self.home, self.images, self.lima_home, c / "drv", c / "ssh", c / "cyg"):
            folder.mkdir()
        for folder, names in (("ssh", ("ssh", "scp", "ssh-keygen")), ("cyg", ("cygpath", "sleep"))):
            for name in names:
                shutil.copy(self.testbin / "relay.exe", c / folder / f"{name}.exe")
        self.driver = c / "drv" / f"lima-driver-{self.alias}.exe"
        shutil.copy(self.program, self.driver)

    def _find_limactl(self, generation):
        """The newest one of the series; asked in our own prefix, since only it knows its version."""
        ranked = sorted((self._version_of(path), path) for path in installations())
        if generation != "newest":
            wanted = tuple(int(n) for n in generation.split("."))
            ranked = [(v, p) for v, p in ranked if v[:len(wanted)] == wanted]
        if not ranked:
            skip(f"no limactl.exe of generation {generation} in LIMA_WINDOWS_PREFIXES or /opt/lima-*-windows")
        self.version = ranked[-1][0]
        self._link(ranked[-1][1])
        return ranked[-1][1]

    def _version_of(self, path):
        self._link(path)
        words = self.limactl("--version").stdout.split()
        return numbers(words[-1]) if words else (0,)

    def _link(self, path):
        link = self.prefix.drive_c / "lima"
        link.unlink(missing_ok=True)
        link.symlink_to(path)

    def limactl(self, *args, timeout=300, check=True, stdin=None, env=None):
        # Into files: host agent and driver inherit the descriptor behind stderr, and a pipe would never end.
        with tempfile.TemporaryFile("w+", errors="replace") as out, tempfile.TemporaryFile("w+", errors="replace") as err:
            child = self.prefix.start(r"C:\lima\bin\limactl.exe", "--tty=false", *args, out=out, err=err, stdin=stdin or subprocess.DEVNULL, env=env)
            code = self._wait_for_event(child, *args, timeout) if len(args) == 2 and args[0] in EVENTS else ended(child, timeout)
            out.seek(0), err.seek(0)
            done = subprocess.CompletedProcess(args, code, out.read(), err.read())
        if check and code not in (0, LOCKED_UP):
            raise AssertionError(f"limactl {' '.join(map(str, args))}: status {code}\n{done.stdout}\n{done.stderr}\n{self.logs()}")
        return done

    def _wait_for_event(self, child, verb, name, timeout):
        """limactl.exe can lock itself up here (README). Whether the VM runs or has ended is what a test asks next: no failure of ours."""
        end, since = time.monotonic() + timeout, None
        while (code := ended(child, 0.5, kill=False)) == TIME_OUT and time.monotonic() < end:
            if not self._has_happened(verb, name):
                since = None
            elif since is None:
                since = time.monotonic()
            elif time.monotonic() - since > PATIENCE:
                print(f"# limactl.exe {verb} {name} did not end {PATIENCE} s after its host agent said so: its own fault, ended by the test")
                ended(child, 0)
                return LOCKED_UP
        return ended(child, 0) if code == TIME_OUT else code

    def _has_happened(self, verb, name):
        log = self.lima_home / name / "ha.stdout.log"
        said = log.read_text(errors="replace") if log.exists() else ""
        return EVENTS[verb] in said and bool(self.processes("hostagent", name)) == (verb == "start")

    def is_ready(self, name, done):
        """After `limactl start`; of one that locked itself up, what its host agent said."""
        if done.returncode != LOCKED_UP:
            return "READY" in done.stderr and "DEGRADED" not in done.stderr
        return '"degraded":true' not in (self.lima_home / name / "ha.stdout.log").read_text(errors="replace")

    def delete(self, name, *options):
        """limactl 2.0 and 2.1 hold driver.stderr.log open themselves while they remove the folder it lies in, whatever the driver does
        (facts: limactl-e2e.md 2.4): there everything else must be gone, and the rest is swept up here."""
        folder = self.lima_home / name
        done = self.limactl("delete", *options, name, check=False)
        left = [path.name for path in folder.iterdir()] if folder.exists() else []
        if self.version < (2, 2) and left == ["driver.stderr.log"] and "Sharing violation" in done.stderr:
            shutil.rmtree(folder)
        elif done.returncode != 0 or folder.exists():
            raise AssertionError(f"limactl delete: status {done.returncode}, left {left}\n{done.stderr}\n{self.logs()}")

    def config(self, image, **more):
        """Configuration for an image in C:\\img; keyword values replace or add top-level keys."""
        config = {
            "vmType": self.alias, "images": [{"location": f"C:\\img\\{image}", "arch": "x86_64"}],
            "cpus": 1, "memory": "256MiB", "disk": "1GiB", "mounts": [], "containerd": {"system": False, "user": False},
            "ssh": {"loadDotSSHPubKeys": False}, "user": {"name": "dev", "uid": 1234, "home": "/home/dev"}, **more}
        path = self.home / f"{len(list(self.home.glob('*.yaml')))}.yaml"
        path.write_text(json.dumps(config, indent=1), encoding="utf-8")
        return windows(path)

    def processes(self, *words):
        """(pid, command line) of this box's processes, Wine's and wslsimd's own left out; all words are in the line, without regard to case."""
        mine = os.getpid()
        return [(pid, line) for pid, line in self.prefix.processes()
                if pid != mine and all(word.lower() in line.lower() for word in words) and "--wslsim-agent" not in line]

    def counts(self):
        """What may not grow. Files of Temp are limactl's own."""
        files = [path.relative_to(self.prefix.drive_c) for path in self.prefix.drive_c.rglob("*")]
        return {**self.prefix.counts(), "files": sorted(str(path) for path in files if "Temp" not in path.parts and path.parts[0] != "lima")}

    def driver_servers(self):
        return self.processes(f"lima-driver-{self.alias}")

    def logs(self):
        text = super().logs()
        log = self.state / "daemon.log"
        if log.exists():
            text += f"--- {log}\n" + log.read_text(errors="replace")[-3000:]
        return text

    def close(self):
        self.open.close()
