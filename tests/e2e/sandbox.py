"""A place to run a stock limactl in: an unprivileged user, a short LIMA_HOME of its own, a copy of our driver.

limactl refuses to run as root, so a root test run lends it the numbers of 'nobody'; no account is made.
Nothing of this user, and no process of it, may be left when the sandbox ends: leftovers() tells.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

NOBODY = 65534
SKIPPED = 77
PATIENCE = 720      # seconds for one limactl command: limactl itself gives a start up to 10 minutes


def skip(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(SKIPPED)


def version_key(prefix):
    """(2, 1, 4) of `limactl version 2.1.4`; a commit after a release counts as newer than it."""
    out = as_user([f"{prefix}/bin/limactl", "--version"], tempfile.gettempdir()).stdout
    word = out.split()[-1].lstrip("v") if out.split() else "0"
    numbers = word.split("-")[0].split(".")
    extra = word.split("-")[1] if "-" in word else "0"
    return tuple(int(n) for n in numbers if n.isdigit()) + (int(extra) if extra.isdigit() else 0,)


def prefixes():
    named = os.environ.get("LIMA_PREFIXES")
    found = named.split(":") if named else [str(p) for p in sorted(Path("/opt").glob("lima-*"))]
    return [p for p in found if os.access(f"{p}/bin/limactl", os.X_OK)]


def find_prefix(generation):
    """The newest installed limactl ('newest'), or the newest of a series ('2.1')."""
    ranked = sorted((version_key(p), p) for p in prefixes())
    if generation != "newest":
        wanted = tuple(int(n) for n in generation.split("."))
        ranked = [(v, p) for v, p in ranked if v[:len(wanted)] == wanted]
    if not ranked:
        skip(f"no limactl of generation {generation} in LIMA_PREFIXES or /opt/lima-*")
    return ranked[-1][1]


def find_guest(flavour=""):
    """Of tests/guest/make-guest; flavour `full`: with what Hyper-V's tests need."""
    named = os.environ.get(f"LIMA_TEST_GUEST_{flavour.upper()}" if flavour else "LIMA_TEST_GUEST")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "lima-drivers"
    made = sorted(cache.glob(f"{flavour}-guest-*" if flavour else "guest-*"), key=os.path.getmtime, reverse=True)
    for place in [Path(named)] if named else made + ([] if flavour else [Path("/opt/guest/fast")]):
        if all((place / f).exists() for f in ("disk.qcow2", "vmlinuz", "initrd")):
            return place
    skip(f"no guest: set LIMA_TEST_GUEST{'_FULL' if flavour else ''}, or run tests/guest/make-guest OUT {flavour}".strip())
    return None


def as_user(argv, home, timeout=60, env=None, **kwargs):
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8", **(env or {})}
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(drop + [str(a) for a in argv], env=environment, cwd=home, timeout=timeout, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **kwargs)


class Sandbox:
    """`install`: 'path' names the driver by LIMA_DRIVERS_PATH, 'libexec' puts it where a package would."""

    def __init__(self, generation, install="path", driver="lima-driver-qemu", alias="qemux", folder="e"):
        self.source = find_prefix(generation)
        self.guest = find_guest()
        program = Path(os.environ.get("LIMA_E2E_DRIVER", Path(os.environ["LIMA_BIN"]) / driver))
        if not program.exists():
            skip(f"{program} is not built")
        self.alias = alias
        self.base = Path(tempfile.mkdtemp(prefix=folder, dir="/tmp"))
        self.home = self.base / "h"
        self.lima_home = self.home / "l"
        self.lima_home.mkdir(parents=True)
        self.temp = self.base / "t"     # killed drivers leave something there
        self.temp.mkdir()
        self._place(program, install)
        self._place_guest()
        self._own()

    def _place(self, program, install):
        self.env = {"LIMA_HOME": str(self.lima_home)}
        for name in ("QEMU_SYSTEM_X86_64",):
            if name in os.environ:
                self.env[name] = os.environ[name]
        prefix = self.base / "p"
        shutil.copytree(self.source, prefix, symlinks=True)
        drivers = prefix / "libexec" / "lima" if install == "libexec" else self.base / "d"
        drivers.mkdir(parents=True, exist_ok=True)
        self.driver = drivers / f"lima-driver-{self.alias}"
        shutil.copy2(program, self.driver)
        if install == "path":
            self.env["LIMA_DRIVERS_PATH"] = str(drivers)
        self.limactl_program = prefix / "bin" / "limactl"

    def _place_guest(self):
        """Under the user's own folder: the cache may lie in a home that the user may not enter."""
        self.images = self.base / "g"
        self.images.mkdir()
        for name in ("disk.qcow2", "vmlinuz", "initrd"):
            shutil.copy2(self.guest / name, self.images / name)

    def _own(self):
        self.base.chmod(0o755)
        if os.geteuid() != 0:
            return
        for root, dirs, files in os.walk(self.base):
            for entry in [root] + [os.path.join(root, n) for n in dirs + files]:
                os.chown(entry, NOBODY, NOBODY, follow_symlinks=False)

    def limactl(self, *args, timeout=PATIENCE, check=True, stdin=None):
        # Output goes to files: host agent and driver inherit the descriptor, and a pipe would never end.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
            environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TMPDIR": str(self.temp), "LANG": "C.UTF-8", **self.env}
            command = drop + [str(self.limactl_program), "--tty=false", *map(str, args)]
            try:
                done = subprocess.run(command, env=environment, cwd=self.home, timeout=timeout, stdout=out, stderr=err,
                                      check=False, stdin=stdin or subprocess.DEVNULL)
                status = f"status {done.returncode}"
            except subprocess.TimeoutExpired:
                done, status = None, f"not ended after {timeout:.0f} s"
            out.seek(0), err.seek(0)
            said = out.read(), err.read()
        if not done or check and done.returncode != 0:
            raise AssertionError(f"limactl {' '.join(map(str, args))}: {status}\n{said[0]}\n{said[1]}\n{self.logs()}")
        done.stdout, done.stderr = said
        return done

    def config(self, **more):
        """Configuration of the test guest (facts: limactl-e2e.md 1.2); keyword values replace or add top-level keys.

        One processor: beside other tests, two emulated ones spend a third of their time waiting for each other."""
        config = {
            "vmType": self.alias,
            "images": [{
                "location": str(self.images / "disk.qcow2"), "arch": "x86_64",
                "kernel": {"location": str(self.images / "vmlinuz"),
                           "cmdline": "root=/dev/vda rw console=ttyS0 quiet mitigations=off random.trust_cpu=on"},
                "initrd": {"location": str(self.images / "initrd")}}],
            "cpus": 1, "memory": "1GiB", "disk": "4GiB", "mounts": [],
            "containerd": {"system": False, "user": False},
            "ssh": {"loadDotSSHPubKeys": False},
            "user": {"name": "dev", "uid": 1234, "home": "/home/dev"},
            **more}
        path = self.home / f"{len(list(self.home.glob('*.yaml')))}.yaml"
        path.write_text(json.dumps(config, indent=1))
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        return path

    def instance(self, name):
        out = self.limactl("list", "--format", "json", name, check=False).stdout.strip()
        return json.loads(out.splitlines()[0]) if out else None

    def status(self, name):
        found = self.instance(name)
        return found["status"] if found else None

    def shell(self, name, command, **kwargs):
        return self.limactl("shell", "--workdir", "/", name, "sh", "-c", command, **kwargs)

    def processes(self, *words):
        """(pid, command line) of processes that mention this sandbox and all words."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(self.base) in line and all(w in line for w in words) and "setpriv" not in line:
                found.append((int(entry.name), line.strip()))
        return found

    def driver_servers(self):
        return self.processes(f"lima-driver-{self.alias}")

    def kill(self, *words, sig=signal.SIGKILL):
        victims = self.processes(*words)
        for pid, _ in victims:
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                pass
        return len(victims)

    def logs(self):
        text = ""
        for path in sorted(self.lima_home.glob("*/*.log")):
            try:
                tail = path.read_text(errors="replace").splitlines()[-25:]
            except OSError:
                continue
            text += f"--- {path}\n" + "\n".join(tail) + "\n"
        return text

    def wait_until(self, condition, seconds=60):
        """Polls; the bound is generous, a passing test never depends on it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.1)
        return condition()

    def close(self):
        for words in (["hostagent"], [f"lima-driver-{self.alias}"], ["qemu"], []):
            self.kill(*words)
        shutil.rmtree(self.base, ignore_errors=True)


class Background:
    """One limactl command beside the test; its status is the test's to judge."""

    def __init__(self, box, *args):
        self.done = None
        self.thread = threading.Thread(target=self._run, args=(box, *args))
        self.thread.start()

    def _run(self, box, *args):
        self.done = box.limactl(*args, check=False)

    def join(self):
        self.thread.join()
        return self.done
