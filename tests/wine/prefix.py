"""A Wine prefix of a test's own, for tests in which Windows programs are only a part. (tests/wine/run: for tests that are one, which all
share what `prefix.py FOLDER` makes.)

Nothing of it is left at its end: its programs are ended, by the wineserver and then one by one, and its folder is removed.
"""
import contextlib
import ctypes
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

SKIPPED = 77
ADDR_NO_RANDOMIZE = 0x0040000   # personality(2); where a container forbids it, Wine goes on as it is
# Seen of programs that were done, on a loaded machine: the first is a race in Wine (see `run`), the second is not explained.
ENDED_BY_WINE = (-signal.SIGSEGV, -signal.SIGKILL)
PROGRAMS = (".dll", ".exe", ".sys", ".nls", ".drv", ".cpl", ".ocx", ".acm")     # of Wine itself: nobody writes into them
# What Wine itself runs in every prefix.
SERVICES = ("wineserver", "services.exe", "winedevice.exe", "plugplay.exe", "svchost.exe", "rpcss.exe", "explorer.exe", "conhost.exe",
            "rundll32.exe", "wineboot.exe", "start.exe", "winemenubuilder.exe", "tabtip.exe")


def skip(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(SKIPPED)


def find_wine():
    named = os.environ.get("WINE")
    for wine in (named, "/opt/wine-afunix/bin/wine", shutil.which("wine")):
        if wine and os.access(wine, os.X_OK):
            _fix_addresses()
            return pathlib.Path(wine)
    skip("no Wine here: neither $WINE nor /opt/wine-afunix/bin/wine nor wine on PATH")
    return None


def _fix_addresses():
    """Of whatever this process starts. Linux (6.9 and later) puts a program's heap anywhere in the GiB behind it, which for Wine is where a
    page of Windows' own (0x7ffe0000) must be: one start in 5,000 fails without a word, from outside and of one program by another."""
    libc = ctypes.CDLL(None)
    libc.personality(libc.personality(ctypes.c_ulong(0xFFFFFFFF)) | ADDR_NO_RANDOMIZE)


def environment_of(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return []


def command_line_of(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def wineserver(wine, option, env):
    """-k ends the programs of env's prefix, -pN lets the server stay N idle seconds: starting it costs some each time."""
    for server in (pathlib.Path(wine).with_name("wineserver"), shutil.which("wineserver"), "/usr/lib/wine/wineserver"):
        if server and os.access(server, os.X_OK):
            null = subprocess.DEVNULL
            subprocess.run([server, option], env=env, stdin=null, stdout=null, stderr=null, timeout=60, check=False)
            return


def begin(wine, folder, env):
    """A new prefix whose server runs, and stays between two programs: else it may end as the second one starts, and take that along."""
    make(wine, folder, env)
    wineserver(wine, "-p600", env)
    _boot(wine, folder, env)


def make(wine, folder, env):
    """A prefix at `folder`, which does not exist. Wine takes six seconds of a processor for one: it makes only $LIMA_WINE_TEMPLATE, if
    that is named, and the others are copies."""
    template = os.environ.get("LIMA_WINE_TEMPLATE")
    if not template:
        pathlib.Path(folder).mkdir()
        _boot(wine, folder, env)
        return
    with open(template + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(template):
            _make_template(wine, template, env)
    shutil.copytree(template, folder, symlinks=True, copy_function=_link_or_copy)


def _boot(wine, folder, env):
    """Wine's services start with the first program and stay, with its streams: they must be no pipes."""
    null = subprocess.DEVNULL
    subprocess.run([wine, "cmd", "/c", "exit"], env={**env, "WINEPREFIX": str(folder)}, stdin=null, stdout=null, stderr=null, timeout=300, check=True)


def _make_template(wine, template, env):
    """Its name appears when it is whole. Wine links folders of a user to those in HOME: here there is none."""
    new = pathlib.Path(template + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    _boot(wine, new, {**env, "HOME": "/nonexistent"})
    for option in ("-k", "-w"):
        wineserver(wine, option, {**env, "WINEPREFIX": str(new)})
    new.rename(template)


def _link_or_copy(source, target):
    if source.endswith(PROGRAMS):
        with contextlib.suppress(OSError):      # another file system
            os.link(source, target)
            return
    shutil.copy2(source, target)


class Prefix:
    """`folder` must not exist yet. `env`: what all programs get, added to the little that Wine needs."""

    def __init__(self, folder, env=None):
        self.wine = find_wine()
        self.folder = pathlib.Path(folder)
        self.drive_c = self.folder / "drive_c"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", "WINEPREFIX": str(self.folder),
                    "WINEDEBUG": os.environ.get("WINEDEBUG", "-all"), "WINEDLLOVERRIDES": "mscoree=;mshtml=;winemenubuilder.exe=",
                    **(env or {})}
        begin(self.wine, self.folder, self.env)

    def start(self, *argv, out=subprocess.DEVNULL, err=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=None, **kwargs):
        """Programs that leave others behind need files for their output: a pipe would stay open in those."""
        return subprocess.Popen([self.wine, *map(str, argv)], env={**self.env, **(env or {})}, cwd=self.folder, stdin=stdin, stdout=out,
                                stderr=err, **kwargs)

    def run(self, *argv, timeout=120, check=False, **kwargs):
        with self.start(*argv, **kwargs) as child:
            try:
                code = child.wait(timeout)
            except subprocess.TimeoutExpired:
                child.kill()
                raise
        if check and code != 0:
            raise AssertionError(f"wine {' '.join(map(str, argv))}: status {code}")
        return code

    def _entries(self):
        """Folders in /proc of all that runs in this prefix, Wine's own services and server among them."""
        mark = f"WINEPREFIX={self.folder}".encode()
        return [entry for entry in pathlib.Path("/proc").glob("[0-9]*") if mark in environment_of(entry.name)]

    def processes(self):
        """(pid, command line) of what was started in this prefix, Wine's own services left out."""
        for entry in self._entries():
            line = command_line_of(entry.name)
            if line and not any(name in line.split(" --")[0].lower() for name in SERVICES):
                yield int(entry.name), line

    def counts(self):
        """What may not grow. Handles of all programs are descriptors of the server."""
        found = self._entries()
        return {"handles": sum(len(list((entry / "fd").iterdir())) for entry in found if "wineserver" in command_line_of(entry.name)),
                "threads": sum(len(list((entry / "task").iterdir())) for entry in found), "processes": len(found)}

    def close(self):
        wineserver(self.wine, "-k", self.env)
        end = time.monotonic() + 10
        while alive := [int(entry.name) for entry in self._entries()]:
            if time.monotonic() > end:
                for pid in alive:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                end = time.monotonic() + 10
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    make(find_wine(), sys.argv[1], {**os.environ, "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree=;mshtml="})
