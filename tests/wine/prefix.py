"""A Wine prefix of a test's own, for tests in which Windows programs are only a part. (tests/wine/run: for tests that are one.)

Nothing of it is left at its end: its programs are ended, by the wineserver and then one by one, and its folder is removed.
"""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

SKIPPED = 77
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
            return pathlib.Path(wine)
    skip("no Wine here: neither $WINE nor /opt/wine-afunix/bin/wine nor wine on PATH")
    return None


def environment_of(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return []


def command_line_of(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


class Prefix:
    """`folder` must not exist yet. `env`: what all programs get, added to the little that Wine needs."""

    def __init__(self, folder, env=None):
        self.wine = find_wine()
        self.folder = pathlib.Path(folder)
        self.drive_c = self.folder / "drive_c"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", "WINEPREFIX": str(self.folder),
                    "WINEDEBUG": os.environ.get("WINEDEBUG", "-all"), "WINEDLLOVERRIDES": "mscoree=;mshtml=;winemenubuilder.exe=",
                    **(env or {})}
        self.folder.mkdir(parents=True)
        self.run("cmd", "/c", "exit", timeout=300, check=True)
        self.server("-p600")     # starting it costs seconds each time

    def server(self, *options):
        subprocess.run([self.wine.with_name("wineserver"), *options], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=60, check=False)

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

    def processes(self):
        """(pid, command line) of what was started in this prefix, Wine's own services left out."""
        mark = f"WINEPREFIX={self.folder}".encode()
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            if mark in environment_of(entry.name):
                line = command_line_of(entry.name)
                if line and not any(name in line.split(" --")[0].lower() for name in SERVICES):
                    yield int(entry.name), line

    def close(self):
        self.server("-k")
        mark = f"WINEPREFIX={self.folder}".encode()
        end = time.monotonic() + 10
        while alive := [int(e.name) for e in pathlib.Path("/proc").glob("[0-9]*") if mark in environment_of(e.name)]:
            if time.monotonic() > end:
                for pid in alive:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                end = time.monotonic() + 10
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)
