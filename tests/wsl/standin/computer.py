"""A computer with the stand-in for wsl.exe: a state folder of its own, and its front end as users call it.

Three kinds: the Linux front end (default), wsl.exe under Wine (in a Windows build), and a real wsl.exe on Windows
(LIMA_REAL_WSL=wsl.exe; the cases that need no fault rules and no look into the stand-in run there).
"""
import atexit
import contextlib
import inspect
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

try:
    import fcntl
except ImportError:         # on Windows, where nothing needs it
    fcntl = None

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "e2e"))
from tap import Plan  # noqa: E402

FAKE = HERE.parent.parent / "fakes/wsl"
SKIPPED = 77
FAILURE = (255, 0xFFFFFFFF)
REAL = os.environ.get("LIMA_REAL_WSL")
TESTBIN = pathlib.Path(os.environ.get("LIMA_TESTBIN", "build/dev/testbin")).resolve()
WAIT = 60
QUICK = "[general]\ninstanceIdleTimeout=-1\n[wsl2]\nvmIdleTimeout=-1\n[standin]\nrelayInterval=50\ngrace=300\nshortcuts=false\nwslhost=false\n"


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(SKIPPED)


def rootfs():
    """The tar of the small root file system, made when it is missing."""
    if os.environ.get("LIMA_WSL_ROOTFS"):
        return os.environ["LIMA_WSL_ROOTFS"]
    done = subprocess.run([sys.executable, FAKE / "make-rootfs"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        skip_all(f"no root file system for guests: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout.strip()


def little_rootfs(folder, extra=()):
    """busybox and nothing else: imported in no time. `extra`: (name, content) pairs."""
    source, target = rootfs(), pathlib.Path(folder) / "little.tar"
    with tarfile.open(source) as big, tarfile.open(target, "w") as tar:
        for name in ("bin", "bin/busybox", "bin/sh", "bin/bash", "etc", "usr/bin", "root"):
            with contextlib.suppress(KeyError):
                member = big.getmember(name)
                if name == "bin/bash":
                    member.type, member.linkname, member.size = tarfile.SYMTYPE, "/bin/busybox", 0
                tar.addfile(member, big.extractfile(member) if member.isreg() else None)
        for name in ("cat", "id", "sleep", "kill", "env", "pwd", "ls", "httpd", "mkdir", "setsid", "readlink", "mount", "hostname", "touch", "ps", "true", "ip"):
            add_link(tar, "bin/" + name)
        for name in ("id", "env"):
            add_link(tar, "usr/bin/" + name)
        files = {"etc/passwd": "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n", "etc/group": "root:x:0:\n", **dict(extra)}
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content.encode())
            tar.addfile(info, io.BytesIO(content.encode()))
    return target


def add_link(tar, name):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, "/bin/busybox"
    tar.addfile(info)


class Result:
    """How a call ended: code, and both streams as bytes and as text."""

    def __init__(self, done, encoding="utf-8"):
        self.code, self.raw, self.raw_error = done.returncode, done.stdout, done.stderr or b""
        self.text = self.raw.decode(encoding, "replace")
        self.error = self.raw_error.decode(encoding, "replace")
        self.lines = self.text.replace("\r", "").splitlines()

    def __repr__(self):
        return f"exit {self.code}, stdout {self.raw[:2000]!r}, stderr {self.raw_error[:2000]!r}"

    def ok(self):
        assert self.code == 0, self
        return self

    def failed(self, code=None):
        """wsl itself failed; `code`: the last line ends in it. None: there is no code line at all."""
        assert self.code in FAILURE, self
        if code:
            assert self.lines[-1].endswith(" " + code), self
        else:
            assert "Wsl/" not in self.text and self.lines, self
        return self


class Computer:
    windows = False

    def locked(self, path):
        """The VM has the disk, or somebody else holds it."""
        try:
            with open(path, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True

    def __init__(self, settings=QUICK):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="wsl ü ", dir="/tmp" if os.name == "posix" else None))
        atexit.register(self.end)
        self.state = self.root / "state"
        self.state.mkdir()
        self.home = self.root / "home"
        self.home.mkdir()
        self.settings(settings)
        self.rules = self.root / "rules"
        self.little = little_rootfs(self.root)
        self.front = self.find_front()
        self.prepare()
        self.start()

    # What differs under Wine.

    def find_front(self):
        program = TESTBIN / "wsl"
        if not program.exists():
            skip_all(f"{program} is not built")
        return [str(program)]

    def prepare(self):
        pass

    def path(self, host):
        """A host path as the front end is told it."""
        return str(host)

    def drive(self):
        """The host folder that stands for C:."""
        return self.state / "c"

    # The back end.

    def start(self):
        subprocess.run([FAKE / "wslsimd", "start", self.state], check=True)

    def stop(self):
        subprocess.run([FAKE / "wslsimd", "stop", self.state], check=True)

    def end(self):
        if self.root.exists():
            self.stop()
            shutil.rmtree(self.root, ignore_errors=True)

    def settings(self, words):
        (self.state / "wslconfig").write_text(words)

    def restart(self, settings=QUICK):
        """The VM off and other settings."""
        self.wsl("--shutdown").ok()
        self.settings(settings)

    # Calls.

    def env(self, **more):
        base = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", "WSLSIM_STATE": str(self.state), "WSL_UTF8": "1"}
        return {name: value for name, value in {**base, **more}.items() if value is not None}

    def wsl(self, *words, rules=None, encoding="utf-8", stdin=b"", cwd=None, timeout=WAIT, **env):
        if rules:
            self.rules.write_text(rules)
            env["WSLSIM_FAULTS"] = self.path(self.rules) if not self.windows else str(self.rules)
        done = subprocess.run([*self.front, *map(str, words)], input=stdin, env=self.env(**env), cwd=cwd or self.root, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        return Result(done, encoding)

    def begin(self, *words, rules=None, **env):
        """A call that goes on; its streams are pipes."""
        if rules:
            self.rules.write_text(rules)
            env["WSLSIM_FAULTS"] = str(self.rules)
        return subprocess.Popen([*self.front, *map(str, words)], env=self.env(**env), cwd=self.root, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def make(self, name="lima-a", tar=None, **env):
        """A registered distribution of the little tree."""
        return self.wsl("--import", name, self.path(self.root / name), self.path(tar or self.little), "--version", "2", **env).ok()

    def sh(self, script, name="lima-a", user="root", **kwargs):
        return self.wsl("-d", name, "-u", user, "--cd", "/", "--exec", "/bin/sh", "-c", script, **kwargs)

    def names(self, *more):
        return self.wsl("--list", "--quiet", *more).ok().lines

    def tar(self, files, name="made.tar"):
        """A little tree with these files in it."""
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        return little_rootfs(folder, files.items())

    # A look into the state.

    def value(self, name, value):
        """Of a distribution's registry key, without its type; None if it is not there."""
        for key in (self.state / "lxss").glob("{*"):
            if read(key / "DistributionName") == name:
                return read(key / value)
        return None

    def vm(self):
        path = self.state / "vm"
        return json.loads(path.read_text()) if path.exists() else None

    def calls(self):
        return [json.loads(line) for line in (self.state / "calls.log").read_text().splitlines()]

    def clear(self):
        """As new: nothing registered, the VM off."""
        for name in self.names("--all"):
            self.wsl("--unregister", name)
        for key in (self.state / "lxss").iterdir():
            if key.is_dir():
                shutil.rmtree(key)
            else:
                key.unlink()
        self.restart()
        self.forget_folders()

    def forget_folders(self):
        for path in self.root.iterdir():
            if path.name.startswith("lima-"):
                shutil.rmtree(path, ignore_errors=True)


def read(path):
    try:
        return path.read_text().partition("\n")[2]
    except OSError:
        return None


def until(condition, what):
    """The first true answer."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.01)
    raise AssertionError(f"not within {WAIT} s: {what}")


def standin_only(case):
    """Needs fault rules, or a look into the stand-in."""
    case.standin_only = True
    return case


def main(module, computer=None):
    """Runs the cases of a module: its functions with one parameter, in order; `pc` is as new for each."""
    if computer is None:
        from kinds import computer
    pc = computer()
    plan = Plan()
    cases = [one for name, one in vars(sys.modules[module]).items()
             if inspect.isfunction(one) and one.__module__ == module and list(inspect.signature(one).parameters) == ["pc"]]
    for case in cases:
        name = case.__name__.replace("_", " ")
        if REAL and getattr(case, "standin_only", False):
            plan.skip(name, "needs the stand-in")
            continue

        def run(case=case):
            pc.clear()
            case(pc)
        plan.case(name, run)
    pc.end()
    plan.end()
