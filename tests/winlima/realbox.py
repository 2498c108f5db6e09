"""This very Windows as a box: limactl, ssh and wsl.exe from PATH, drivers from LIMA_DRIVERS_PATH as the MSI has set it, no stand-in.
What WslBox is under Wine, for the workflow on a runner with WSL2. The root file system is $LIMA_WSL_ROOTFS.

Only Python's own library, and nothing of e2e/sandbox.py, which is made for Linux.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import types

LXSS = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Lxss"
NOT_OURS = ("wslhost.exe", "conhost.exe", "powershell")


def skip(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(77)


def captured(command, timeout, stdin=subprocess.DEVNULL, env=None):
    """Into files: what a command leaves behind would keep a pipe open."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        done = subprocess.run([shutil.which(command[0]) or command[0], *map(str, command[1:])], stdin=stdin, stdout=out, stderr=err,
                              timeout=timeout, check=False, env=env)
        out.seek(0), err.seek(0)
        done.stdout, done.stderr = (file.read().decode("utf-8", errors="replace") for file in (out, err))
    return done


class RealBox:
    alias = "wsl2x"

    def __init__(self):
        for program in ("limactl", "wsl", "ssh"):
            if not shutil.which(program):
                skip(f"no {program} on PATH")
        if not os.environ.get("LIMA_DRIVERS_PATH") or not os.environ.get("LIMA_WSL_ROOTFS"):
            skip("LIMA_DRIVERS_PATH and LIMA_WSL_ROOTFS must be set")
        self.image = os.environ["LIMA_WSL_ROOTFS"]
        self.prefix = types.SimpleNamespace(drive_c=pathlib.Path("C:/"))
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="w"))
        self.lima_home = self.base / "l"
        self.lima_home.mkdir()
        self.env = dict(os.environ, LIMA_HOME=str(self.lima_home), WSL_UTF8="1")
        self.others, self.other_keys = set(), set()
        self.others, self.other_keys = set(self.registered()), set(self.registry_keys())

    def limactl(self, *args, timeout=600, check=True, stdin=subprocess.DEVNULL):
        done = captured(["limactl", "--tty=false", *args], timeout, stdin, self.env)
        if check and done.returncode != 0:
            raise AssertionError(f"limactl {' '.join(map(str, args))}: status {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.logs()}")
        return done

    def create(self, name, **more):
        config = {
            "vmType": self.alias, "images": [{"location": self.image, "arch": "x86_64"}], "cpus": 1, "memory": "256MiB", "disk": "1GiB", "mounts": [],
            "containerd": {"system": False, "user": False}, "ssh": {"loadDotSSHPubKeys": False},
            "user": {"name": "dev", "uid": 1234, "home": "/home/dev"}, **more}
        path = self.base / f"{name}.yaml"
        path.write_text(json.dumps(config, indent=1), encoding="utf-8")
        self.limactl("create", "--name", name, path)

    def start(self, name):
        done = self.limactl("start", name)
        assert "READY" in done.stderr and "DEGRADED" not in done.stderr, done.stderr

    def delete(self, name, *options):
        self.limactl("delete", *options, name)
        assert not (self.lima_home / name).exists(), list((self.lima_home / name).iterdir())

    def shell(self, name, command, **kwargs):
        return self.limactl("shell", "--workdir", "/", name, "sh", "-c", command, **kwargs)

    def status(self, name):
        out = self.limactl("list", "--format", "json", name, check=False).stdout.strip()
        return json.loads(out.splitlines()[0])["status"] if out else None

    def wsl(self, *words):
        return captured(["wsl", *words], 120, env=self.env).stdout

    def _of_ours(self, text):
        """Distributions that came after this box."""
        return [line.strip() for line in text.splitlines() if line.strip().startswith("lima-") and line.strip() not in self.others]

    def running(self):
        return self._of_ours(self.wsl("--list", "--running", "--quiet"))

    def registered(self):
        return self._of_ours(self.wsl("--list", "--quiet", "--all"))

    def registry_keys(self):
        lines = captured(["reg", "query", LXSS, "/s", "/f", "lima-*", "/d", "/e"], 60).stdout.splitlines()
        return sorted({line.strip() for line in lines if line.startswith("HKEY")} - self.other_keys)

    def processes(self, *words):
        """(pid, command line) of what belongs to this box's instances."""
        script = "Get-CimInstance Win32_Process | Select-Object ProcessId, CommandLine | ConvertTo-Json -Compress"
        found = json.loads(captured(["powershell", "-NoProfile", "-Command", script], 120).stdout or "[]")
        lines = [(each["ProcessId"], each["CommandLine"] or "") for each in found]
        marks = (str(self.lima_home).lower(), f"lima-driver-{self.alias}")
        return [(pid, line) for pid, line in lines if any(mark in line.lower() for mark in marks) and not any(n in line.lower() for n in NOT_OURS)
                and all(word.lower() in line.lower() for word in words)]

    def driver_servers(self):
        return self.processes(f"lima-driver-{self.alias}")

    def logs(self):
        return "".join(f"--- {path}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-25:]) + "\n"
                       for path in sorted(self.lima_home.glob("*/*.log")))

    def wait_until(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while not (value := condition()) and time.monotonic() < end:
            time.sleep(0.2)
        return value

    def close(self):
        for folder in self.lima_home.glob("*/lima.yaml"):
            self.limactl("delete", "--force", folder.parent.name, check=False)
        shutil.rmtree(self.base, ignore_errors=True)
