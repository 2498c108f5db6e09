"""Which computer the cases run on: the stand-in here, the stand-in under Wine, or a real Windows."""
import os
import pathlib
import subprocess
import sys

import computer as here

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "wine"))
from prefix import begin, find_wine, wineserver  # noqa: E402  pylint: disable=wrong-import-position


class Wine(here.Computer):
    """wsl.exe in a Wine prefix of its own."""

    windows = True

    def find_front(self):
        self.wine = find_wine()
        return [str(self.wine), str(here.TESTBIN / "wsl.exe")]

    def prepare(self):
        self.prefix = self.root / "prefix"
        begin(self.wine, self.prefix, self.env())

    def start(self):
        super().start()
        with open(os.devnull, "wb") as null:
            subprocess.Popen([*self.front, "--wslsim-agent"], env=self.env(), stdin=subprocess.DEVNULL, stdout=null, stderr=null)
        here.until((self.state / "agent").exists, "an agent in the prefix")

    def env(self, **more):
        return super().env(WINEPREFIX=str(self.prefix), WINEDEBUG="-all", WINEDLLOVERRIDES="mscoree=;mshtml=", **more)

    def path(self, host):
        return "Z:" + str(host).replace("/", "\\")

    def drive(self):
        return self.prefix / "drive_c"

    def tool(self, *words):
        """A program of Wine; what it prints."""
        done = subprocess.run([self.wine, *words], env=self.env(), cwd=self.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False)
        return here.Result(done)

    def end(self):
        if self.root.exists():
            self.stop()
            wineserver(self.wine, "-k", self.env())
        super().end()


class Real(here.Computer):
    """A Windows with WSL and without any distribution: the cases unregister all there are, and shut the VM down."""

    windows = True
    ours = False            # only once it is known that nobody else has a distribution here

    def find_front(self):
        return [here.REAL]

    def start(self):
        self.wsl("--set-default-version", "2")
        done = self.wsl("--list", "--quiet")
        if done.code or done.lines:
            here.skip_all(f"not on a computer that has distributions: {done}")
        self.ours = True

    def stop(self):
        if self.ours:
            self.clear()

    def env(self, **more):
        return {**os.environ, **super().env(WSLSIM_STATE=None, HOME=None, LANG=None, **more)}

    def path(self, host):
        return str(host)

    def clear(self):
        for name in self.names("--all"):
            self.wsl("--unregister", name).ok()
        self.wsl("--shutdown").ok()
        self.forget_folders()


def computer():
    if here.REAL:
        return Real()
    return Wine() if (here.TESTBIN / "wsl.exe").exists() else here.Computer()
