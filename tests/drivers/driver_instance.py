"""What tests of any driver have to do with it: start it for an instance, call it by limadrv, listen to Start's stream, end it.

LIMA_BIN and LIMA_TESTBIN say where the programs are (set by ctest).
"""
import base64
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from tap import Plan  # noqa: E402

BIN = pathlib.Path(os.environ.get("LIMA_BIN", ROOT / "build/dev/bin")).resolve()
TESTBIN = pathlib.Path(os.environ.get("LIMA_TESTBIN", ROOT / "build/dev/testbin")).resolve()
LIMADRV = BIN / "limadrv"
SKIPPED = 77
PATIENCE = 90


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(SKIPPED)


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


class Failed(Exception):
    """A call of the driver that failed; its text."""


def says(failure, *texts):
    for text in texts:
        assert text in str(failure), f"'{text}' is not in: {failure}"
    return str(failure)


class DriverInstance:
    """Of a subclass: program, kind (the driver's name), computer (with env), dir, doc; driver and log, None before."""

    @property
    def command(self):
        return [self.program]

    def named(self, path):
        """A path as the driver knows it."""
        return str(path)

    def host_agent(self):
        """The number of a process that plays it."""
        return os.getpid()

    @property
    def socket(self):
        return self.dir / f"{self.kind}.drv.sock"

    def start_driver(self, **env):
        self.log = open(self.dir / "driver.stderr.log", "a", encoding="utf-8")
        self.driver = subprocess.Popen([*self.command, "--inst-dir", self.named(self.dir)], env=self.computer.env(**env), stdin=subprocess.DEVNULL,
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
            return says(failure, *texts)
        raise AssertionError(f"{method} succeeded")

    def status(self, **env):
        """What limactl list sees."""
        return self.inspect(**env)["status"]

    def inspect(self, **env):
        document = {**self.doc, "status": "", "hostAgentPID": self.host_agent()}
        encoded = json.dumps(base64.b64encode(json.dumps(document).encode()).decode())
        done = subprocess.run([*self.command, "--inspect-status"], env=self.computer.env(**env), input=encoded, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done
        return json.loads(base64.b64decode(json.loads(done.stdout)))


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
            self.events.append(json.loads(line))
        self.child.wait()

    def opening(self):
        until(lambda: self.events or self.child.poll() is not None, "Start's first message")
        if not self.events or not self.events[0].get("success"):
            self.thread.join(PATIENCE)
            raise Failed(str(self.events) + self.child.stderr.read())

    def last(self):
        """The message that says how it ended."""
        until(lambda: not self.thread.is_alive(), "the end of Start's stream")
        said = [event for event in self.events[1:] if not event.get("ended")]
        return said[-1] if said else None

    def cancel(self):
        """As a host agent that dies."""
        self.child.send_signal(signal.SIGINT)
        self.child.wait(PATIENCE)


def need(*programs):
    for program in programs:
        if not program.exists():
            skip_all(f"{program} is not built")


def run(cases, *programs):
    """Those that the command line names; all if it names none."""
    need(*programs)
    wanted = sys.argv[1:]
    plan = Plan()
    for case in cases:
        if not wanted or case.__name__ in wanted:
            plan.case(case.__name__, case)
    plan.end()
