"""Virtual disks for QEMU, each by a qemu-nbd of its own: QEMU's own VHDX driver forbids saving a VM that has such a disk,
a network block device allows it. An export ends when QEMU lets go of it."""
import contextlib
import os
import shutil
import socket
import subprocess

from .codes import Mistake
from .comports import short

WAIT = 60
# qemu-nbd takes a socket that listens as systemd would give it: descriptor 3, meant for this process.
ACTIVATED = 'exec 3<&"$0"; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'


class Exports:
    """`spawn(argv, log, fds)`: starts a process that dies with this one, in the VM's folder, where the sockets are."""

    def __init__(self, folder, spawn):
        self.folder, self.spawn = folder, spawn
        self.running = {}       # name: process

    def start(self, name, found):
        """The name of the socket in the VM's folder."""
        program = shutil.which("qemu-nbd")
        if not program:
            raise Mistake("machine=qemu needs qemu-nbd, which is not installed")
        mode = ["--discard=unmap"] if found.writable else ["--read-only"]
        cache = "none" if found.attachment.get("CachingMode") == "Uncached" else "writeback"
        words = [program, *mode, f"--cache={cache}", f"--format={found.chain[0].format}", found.host]
        with socket.socket(socket.AF_UNIX) as listener, short(self.folder) as folder:
            listener.bind(f"{folder}/{name}.nbd")
            listener.listen(1)
            number = listener.fileno()
            self.running[name] = self.spawn(["/bin/bash", "-c", ACTIVATED, str(number), *words], os.path.join(self.folder, f"{name}.log"), [number])
        return f"{name}.nbd"

    def finish(self, name=None):
        """After QEMU has let go: until all is on the disks."""
        for key in [name] if name else list(self.running):
            process = self.running.pop(key)
            try:
                process.wait(WAIT)
            except subprocess.TimeoutExpired:       # nobody ever connected
                process.terminate()
                process.wait()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.folder, f"{key}.nbd"))

    def abandon(self):
        """QEMU did not come to use them."""
        for process in self.running.values():
            process.terminate()
        self.finish()
