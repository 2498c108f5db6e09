"""The VM: a sleeping process, known by its pid file, as Lima's own qemu driver does it. The disk and snapshots are small files."""
import contextlib
import json
import os
import re
import signal
import subprocess
import time

from wrong import wrong

TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def alive(pid):
    """A zombie is dead: it has ended, and only its parent, which may be another driver, has not looked."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not os.path.isdir("/proc/self")


class Machine:
    def __init__(self, instance):
        self.dir = instance["dir"]
        self.pid_file = os.path.join(self.dir, instance["vmType"] + ".pid")
        self.disk = os.path.join(self.dir, "disk")
        self.shelf = os.path.join(self.dir, "snapshots.json")

    def pid(self):
        try:
            with open(self.pid_file, encoding="ascii") as file:
                pid = int(file.read())
        except (FileNotFoundError, ValueError):
            return 0
        return pid if alive(pid) else 0

    def make_disk(self):
        if os.path.exists(self.disk) and not wrong("life/create-disk-keeps-the-disk"):
            return
        with open(self.disk + ".new", "w", encoding="ascii") as file:
            file.write("disk")
        os.replace(self.disk + ".new", self.disk)

    def start(self):
        if not os.path.isfile(self.disk) and not wrong("start/failure-is-told"):
            raise RuntimeError(f"disk '{self.disk}' is no file: run CreateDisk first")
        # It ends with its instance folder: a wrong driver may have lost it.
        child = subprocess.Popen(["sh", "-c", 'while [ -d "$1" ]; do sleep 1; done', "vm", self.dir],
                                 start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        with open(self.pid_file, "w", encoding="ascii") as file:
            file.write(str(child.pid))
        return child

    def stop(self):
        pid = self.pid()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while pid and alive(pid):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.01)
        if os.path.exists(self.pid_file):
            os.unlink(self.pid_file)

    # ---- snapshots ----

    def tags(self):
        try:
            with open(self.shelf, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return []

    def keep(self, tags):
        with open(self.shelf, "w", encoding="utf-8") as file:
            json.dump(tags, file)

    def listing(self):
        head = "ID   NAME  SIZE\n" if wrong("snapshots/of-a-stopped-vm") else "ID   TAG   VM-SIZE\n"
        return head + "".join(f"{n}    {tag}    0 B\n" for n, tag in enumerate(self.tags(), 1))
