"""A driver program as limactl runs it, for the tests of this folder."""
import base64
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

# A test that is told to end removes what it has made.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def instance(folder, name):
    return {"name": "i", "hostname": "lima-i", "status": "Stopped", "dir": str(folder), "vmType": name, "arch": os.uname().machine,
            "cpus": 1, "memory": 1 << 30, "disk": 1 << 32, "sshAddress": "127.0.0.1", "protected": False, "limaVersion": "",
            "config": {"vmType": name, "os": "Linux", "arch": os.uname().machine, "cpus": 1, "memory": "1GiB", "disk": "4GiB"}}


def connectable(path):
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


class Server:
    """`announce`: the way of limactl 2.0 and 2.1. The folder is private, short, and gone afterwards."""

    def __init__(self, announce=False):
        program = pathlib.Path(os.environ["LIMA_BIN"]) / "lima-driver-example"
        if not program.exists():
            print(f"skip: {program} was not built")
            raise SystemExit(77)
        self.program = program
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="li"))
        self.instance = instance(self.folder, "example")
        arguments = [program] if announce else [program, "--inst-dir", self.folder]
        self.log = open(self.folder / "driver.stderr.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stderr=self.log,
                                        stdout=subprocess.PIPE if announce else subprocess.DEVNULL)
        try:
            self.find_socket(announce)
        except BaseException:
            self.__exit__()
            raise

    def find_socket(self, announce):
        if announce:
            self.socket = json.loads(self.process.stdout.readline())["socketPath"]
        else:
            self.socket = str(self.folder / "example.drv.sock")
            self.wait_for_socket()

    def wait_for_socket(self):
        until = time.monotonic() + 10
        while not connectable(self.socket):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"no socket: {(self.folder / 'driver.stderr.log').read_text()}")
            time.sleep(0.01)

    def status(self):
        """By --inspect-status, while a host agent (this process) is there."""
        document = dict(self.instance, hostAgentPID=os.getpid())
        encoded = json.dumps(base64.b64encode(json.dumps(document).encode()).decode())
        run = subprocess.run([self.program, "--inspect-status"], input=encoded + "\n", capture_output=True, text=True, check=True)
        return json.loads(base64.b64decode(json.loads(run.stdout)))["status"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self.log.close()
        for name in self.folder.glob("*.vm"):   # a VM that a failed case has left
            with contextlib.suppress(ValueError, ProcessLookupError):
                os.kill(int(name.read_text().split()[0]), signal.SIGKILL)
        shutil.rmtree(self.folder)
